import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { GeneratedFile } from '../../../ingest/index.ts'
import { generateFiles, landFile } from '../../../ingest/index.ts'
import { GmError } from '../../base/error.ts'
import type { RunResult } from '../../run/event.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileText } from '../compile-whole.ts'
import type { OpenWarehouse } from '../connect.ts'
import { connect } from '../connect.ts'
import { startDemoKafka } from '../demo-kafka.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags, RunFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadMaterializations } from '../load-materializations.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { readProjectFile } from '../read-project-file.ts'
import { formatDuration, plural } from '../render/format.ts'
import { renderReport, totalsLine, whatChanged } from '../render/report.ts'
import { styleFor } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { runNodes } from '../run-nodes.ts'
import { RunScreen } from '../run-screen.ts'
import { selectFor } from '../select-for.ts'
import { watchSignals } from '../watch-signals.ts'

const DemoFlags = GlobalFlags.extend({ kafka: z.boolean().default(false) })

/** Two months, so that two month ends close; of a day long past, so that nothing lies ahead of the clock. */
const EVENTS = { events: 100_000, start: '2025-01-01', days: 60, seed: 7 } as const
const BATCHES = 3
/** Files of the generator, below the project's own folder for what can be made again. */
const LANDING = '.gm/demo'
/** The queries of the user guide, in their order. */
const QUERIES = 'globalmart'
const QUERY_ROWS = 3

/** Days and no moments, and not the id: what changed has to fit on the screen. */
const HISTORY = `select
  product_name,
  category,
  {{ utc_date('effective_from') }} as from_date,
  {{ utc_date('effective_to') }} as to_date,
  is_current
from {{ ref('dim_products') }}
where product_id = (
  select product_id from {{ ref('dim_products') }} group by product_id order by count(*) desc, product_id limit 1
)
order by effective_from`

/** Generates two months of a shop, lands them in steps with a build, tests included, after each, and shows what came out. */
export const demoCommand: CommandAction = async (_args, raw, io) => {
  const startMs = performance.now()
  const flags = parseFlags(RunFlags, raw)
  const { kafka: wantsKafka } = parseFlags(DemoFlags, raw)
  const opened = openProject(flags, io)
  const queries = guideQueries(opened)
  const screen = new RunScreen(io, { format: 'text', level: 'warn', footer: true })
  const { signal, stop } = watchSignals(() => screen.cancelling())
  const style = styleFor(io.colour)
  try {
    const steps = await generate(opened, signal, io)
    const warehouse = await connect(opened.project, io)
    const kafka = wantsKafka ? await startDemoKafka(opened.project.root, io) : undefined
    try {
      await warehouse.prepare(opened.manifest)
      const selected = selectFor(opened, flags, io)
      const materializers = await loadMaterializations(opened, selected)
      for (const files of steps) {
        if (kafka === undefined) await land(files, warehouse, signal, io)
        else await kafka.land(files, warehouse, signal)
        const asked = {
          command: 'build',
          flags,
          opened,
          selected,
          warehouse,
          signal,
          materializers,
        }
        const { result, logPath } = await runNodes(asked, screen, io)
        io.out(`${buildLine(result)}\n\n`)
        if (result.status === 'success' || result.status === 'warn') continue
        io.out(io.safe(renderReport(result, reportContext(opened, logPath, io))))
        return result.status === 'cancelled' ? EXIT.interrupted : EXIT.failed
      }
      const show = async (heading: string, query: string, rows: number): Promise<void> => {
        const text = await table(query, rows, opened, warehouse, signal, io)
        io.out(`${style.bold(heading)}\n\n${text}\n`)
      }
      await show('dim_products: the history of a product that changed', HISTORY, 5)
      for (const { file, heading, text } of queries) {
        await show(`${heading} (${file})`, text, QUERY_ROWS)
      }
    } finally {
      await kafka?.stop()
      await warehouse.close()
    }
    io.out(howToGoOn(performance.now() - startMs))
    return EXIT.ok
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stop()
  }
}

interface GuideQuery {
  readonly file: string
  readonly heading: string
  readonly text: string
}

/** @throws GmError GM1009 where the project carries none of the queries that the demo ends with. */
function guideQueries({ project }: OpenProject): readonly GuideQuery[] {
  const folder = `${project.paths.analyses[0] ?? 'analyses'}/${QUERIES}`
  const names = listFolder(join(project.root, folder)).filter((name) => /^q\d.*\.sql$/.test(name))
  if (names.length === 0) {
    throw new GmError('GM1009', `the demo shows ${folder}/q*.sql, and ${project.name} has none`, {
      hint: 'It is made for the GlobalMart project: run it in a clone of gm.',
    })
  }
  return names.sort().map((name) => {
    const file = `${folder}/${name}`
    const text = readProjectFile(project.root, file) ?? ''
    // Each begins with a comment that names it.
    const heading = /^-- (.+?)\.?$/m.exec(text)?.[1] ?? name
    return { file, heading, text }
  })
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The files of each step. */
async function generate(
  { project }: OpenProject,
  signal: AbortSignal,
  io: Io,
): Promise<readonly (readonly GeneratedFile[])[]> {
  const folder = join(project.root, LANDING)
  const made = await generateFiles(EVENTS, { folder, batches: BATCHES, signal })
  io.out(
    `made    ${plural(made.lines, 'event')} of ${EVENTS.days} days in ${formatDuration(made.durationMs)}, among them ` +
      `${made.duplicates} sent twice, ${made.late} late, ${made.badJson + made.missingField} that cannot be read\n\n`,
  )
  return Array.from({ length: BATCHES }, (_, i) =>
    made.files.filter(({ batch }) => batch === i + 1),
  )
}

async function land(
  files: readonly GeneratedFile[],
  warehouse: OpenWarehouse,
  signal: AbortSignal,
  io: Io,
): Promise<void> {
  const connection = await warehouse.clientConfig()
  for (const { topic, path } of files) {
    const landed = await landFile({ connection, topic, path, signal })
    const dead = landed.deadLetters === 0 ? '' : `, ${plural(landed.deadLetters, 'dead letter')}`
    const what =
      landed.status === 'landed'
        ? plural(landed.events, 'event') + dead
        : 'landed before, nothing added'
    io.out(`landed  ${landed.fileName}: ${what} in ${formatDuration(landed.durationMs)}\n`)
  }
}

function buildLine(result: RunResult): string {
  const changed = result.status === 'failed' ? '' : whatChanged(result.steps)
  const line = `built   in ${formatDuration(result.durationMs)}. ${totalsLine(result.steps)}`
  return `${line} ${changed}`.trimEnd()
}

async function table(
  query: string,
  rowCount: number,
  opened: OpenProject,
  warehouse: OpenWarehouse,
  signal: AbortSignal,
  io: Io,
): Promise<string> {
  const { sql } = compileText(query, opened)
  const session = await warehouse.adapter.open(signal)
  try {
    // Not limited by wrapping it: a query keeps its order only when it is the outermost.
    const { columns, rows } = await session.query({ purpose: 'show', sql }, signal)
    const first = { columns, rows: rows.slice(0, rowCount) }
    return renderTable(first, { style: styleFor(io.colour), width: io.width() })
  } finally {
    await session.close()
  }
}

function reportContext(
  { project }: OpenProject,
  logFile: string | undefined,
  io: Io,
): Parameters<typeof renderReport>[1] {
  return {
    style: styleFor(io.colour),
    readText: (file) => readProjectFile(project.root, file),
    logFile,
  }
}

function howToGoOn(durationMs: number): string {
  const lines = [
    ['npx gm show -s rfm_analysis --limit 20', 'rows of a model'],
    [`npx gm show --inline "select count(*) from {{ ref('fact_sales') }}"`, 'any query'],
    ['npx gm ls -s +fact_sales --resource-type model', 'what a model is made of'],
    ['npx gm generate --help', 'more events, of other days, with other dirt'],
    [
      'npx gm ingest file transactions-topic ingest/samples/*.csv.gz --mapping ingest/mappings/online-retail.yml',
      'land a sample of real transactions of a UK shop',
    ],
    ['npx gm build', 'run again: nothing changes but what has landed'],
    ['npx gm build --dry-run', 'what would be done, and why'],
    ['psql "$(npx gm db url)"', 'the warehouse itself, if you have psql'],
    ['npx gm db stop', 'stop the database; its data stays in .gm/'],
  ] as const
  const rows = lines.map(([command, meaning]) => `  ${command}\n      ${meaning}`)
  return `Done in ${formatDuration(durationMs)}. How to look further:\n\n${rows.join('\n')}\n`
}
