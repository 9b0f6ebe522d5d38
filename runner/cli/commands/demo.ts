import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { landFile } from '../../../ingest/index.ts'
import { GmError } from '../../base/error.ts'
import type { RunResult } from '../../run/event.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileText } from '../compile-whole.ts'
import type { OpenWarehouse } from '../connect.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, RunFlags } from '../flags.ts'
import type { Io } from '../io.ts'
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

const SAMPLES = 'ingest/samples'
const MAPPING = 'ingest/mappings/online-retail.yml'
const TOPIC = 'transactions-topic'

/** What the demo shows of the finished warehouse: a heading and a query. */
const VIEWS: readonly (readonly [heading: string, query: string])[] = [
  [
    'dim_products: the history of a product that was renamed',
    `select product_id, product_name, effective_from, effective_to, is_current
from {{ ref('dim_products') }}
where product_id = (
  select product_id from {{ ref('dim_products') }} group by product_id order by count(*) desc, product_id limit 1
)
order by effective_from`,
  ],
  [
    'fact_sales: the first lines sold, each with the product version of its time',
    `select transaction_timestamp, transaction_id, product_id_pk, quantity, unit_price, total_amount
from {{ ref('fact_sales') }} order by transaction_timestamp, event_id`,
  ],
  [
    'rfm_analysis: the best customers at the last analysis',
    `select analysis_date, user_id, recency_days, frequency_count, monetary_value, rfm_score, rfm_segment
from {{ ref('rfm_analysis') }}
order by analysis_date desc, monetary_value desc, user_id`,
  ],
]

/** Lands the sample month by month with a build, tests included, after each; then shows what came out. */
export const demoCommand: CommandAction = async (_args, raw, io) => {
  const startMs = performance.now()
  const flags = parseFlags(RunFlags, raw)
  const opened = openProject(flags, io)
  const files = sampleFiles(opened)
  const screen = new RunScreen(io, { format: 'text', level: 'warn', footer: true })
  const { signal, stop } = watchSignals(() => screen.cancelling())
  const style = styleFor(io.colour)
  try {
    io.out(
      'Real transactions of a UK shop (UCI Online Retail, CC BY 4.0), one month at a time.\n\n',
    )
    const warehouse = await connect(opened.project, io)
    try {
      await warehouse.prepare(opened.manifest)
      const selected = selectFor(opened, flags, io)
      for (const file of files) {
        await land(file, opened, warehouse, signal, io)
        const asked = { command: 'build', flags, opened, selected, warehouse, signal }
        const { result, logPath } = await runNodes(asked, screen, io)
        io.out(`${buildLine(result)}\n\n`)
        if (result.status === 'success' || result.status === 'warn') continue
        io.out(io.safe(renderReport(result, reportContext(opened, logPath, io))))
        return result.status === 'cancelled' ? EXIT.interrupted : EXIT.failed
      }
      for (const [heading, query] of VIEWS) {
        io.out(`${style.bold(heading)}\n\n${await table(query, opened, warehouse, signal, io)}\n`)
      }
    } finally {
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

/** @throws GmError GM1009 where the project carries no sample. */
function sampleFiles({ project }: OpenProject): readonly string[] {
  const names = listFolder(join(project.root, SAMPLES)).filter((name) => /\.csv(\.gz)?$/.test(name))
  if (names.length > 0) return names.sort().map((name) => `${SAMPLES}/${name}`)
  throw new GmError('GM1009', `the demo lands ${SAMPLES}/*.csv.gz, and ${project.name} has none`, {
    hint: 'It is made for the GlobalMart project: run it in a clone of gm.',
  })
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

async function land(
  file: string,
  { project }: OpenProject,
  warehouse: OpenWarehouse,
  signal: AbortSignal,
  io: Io,
): Promise<void> {
  const landed = await landFile({
    connection: await warehouse.clientConfig(),
    topic: TOPIC,
    path: join(project.root, file),
    mapping: join(project.root, MAPPING),
    signal,
  })
  const what =
    landed.status === 'landed' ? plural(landed.events, 'event') : 'landed before, nothing added'
  io.out(`landed  ${file}: ${what} in ${formatDuration(landed.durationMs)}\n`)
}

function buildLine(result: RunResult): string {
  const changed = result.status === 'failed' ? '' : whatChanged(result.steps)
  const line = `built   in ${formatDuration(result.durationMs)}. ${totalsLine(result.steps)}`
  return `${line} ${changed}`.trimEnd()
}

async function table(
  query: string,
  opened: OpenProject,
  warehouse: OpenWarehouse,
  signal: AbortSignal,
  io: Io,
): Promise<string> {
  const { sql } = compileText(query, opened)
  const session = await warehouse.adapter.open(signal)
  try {
    const rows = await session.query({ purpose: 'show', sql: `${sql}\nlimit 5` }, signal)
    return renderTable(rows, { style: styleFor(io.colour), width: io.width() })
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
    ['npx gm build', 'run again: nothing changes'],
    ['npx gm build --dry-run', 'what would be done, and why'],
    ['psql "$(npx gm db url)"', 'the warehouse itself, if you have psql'],
    ['npx gm db stop', 'stop the database; its data stays in .gm/'],
  ] as const
  const rows = lines.map(([command, meaning]) => `  ${command}\n      ${meaning}`)
  return `Done in ${formatDuration(durationMs)}. How to look further:\n\n${rows.join('\n')}\n`
}
