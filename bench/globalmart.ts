import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { copyProject } from '../runner/testing/gm.ts'
import { loggedSql } from './cases/rerun.ts'
import { measure } from './measure.ts'
import type { PlanNode } from './plan-summary.ts'
import { summarizePlan } from './plan-summary.ts'
import { GM, inScratch } from './scratch.ts'

/**
 * The warehouse at scale: a full build of many generated events against psql with the same SQL, a further day of a tenth of them, and
 * the queries of the user guide. `npx tsx bench/globalmart.ts [events] [folder]`, on built code, writes GLOBALMART.md. A folder that is
 * given is kept, and where it has a file `landed` with a number, so many days are taken as landed.
 */
const ROOT = join(import.meta.dirname, '..')
const EVENTS = Number(process.argv[2] ?? 10_000_000)
const FOLDER = process.argv[3]
const RESULTS = join(import.meta.dirname, 'GLOBALMART.md')

/** The batch layer alone. The speed layer follows events by the minute and is not rebuilt from ten million. */
const RUN = ['run', '--job', 'dimensions', 'facts', 'analytics', '--threads', '1'] as const
const TOPICS = ['transactions-topic', 'product-views-topic', 'cart-events-topic']
/** Ten days, and one more, which is of middling weight in the generator's week and ends no month. */
const DAYS = 10
const SHARE = (DAYS + 1) / DAYS
const START = '2025-01-27'
/** Joins views to sales before it counts, so its rows multiply: for the demo alone. */
const TOO_MANY_ROWS = 'q4_views_and_sales_as_written'

interface Step {
  readonly name: string
  readonly seconds: number
  readonly status: string
}

interface Query {
  readonly name: string
  readonly seconds: number
  readonly rows: number
  readonly plan: string
}

async function benchmark(folder: string): Promise<void> {
  const project = join(folder, 'project')
  const gm = (...args: string[]): string =>
    execFileSync(GM[0], [GM[1], ...args], {
      cwd: project,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  mkdirSync(project, { recursive: true })
  copyProject(project)
  gm('db', 'start')
  const url = gm('db', 'url').trim()
  const psql = (database: string, ...args: string[]): string =>
    execFileSync('psql', [inDatabase(url, database), '-X', '-v', 'ON_ERROR_STOP=1', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const land = (...batches: readonly number[]): void => {
    for (const topic of TOPICS) {
      const files = batches.map((batch) => `${topic}-${String(batch).padStart(2, '0')}.jsonl`)
      gm('ingest', 'file', topic, ...files.map((file) => `../events/${file}`))
    }
  }
  const say = (text: string): void => {
    console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  const run = async (): Promise<{ steps: readonly Step[]; seconds: number; cpu: number }> => {
    rmSync(join(project, 'logs'), { recursive: true, force: true })
    // bash, because what the run says is read here and its times are measured around it.
    const { wallSeconds, cpuSeconds } = await measure({
      argv: [
        'bash',
        '-c',
        '"$@" > run.jsonl',
        'bash',
        ...GM,
        ...RUN,
        '--log-level',
        'debug',
        '--log-format',
        'json',
      ],
      cwd: project,
    })
    return {
      steps: stepsOf(readFileSync(join(project, 'run.jsonl'), 'utf8')),
      seconds: wallSeconds,
      cpu: cpuSeconds,
    }
  }
  try {
    const own = new URL(url).pathname.slice(1)
    const landed = join(folder, 'landed')
    if (!existsSync(landed)) {
      say(`generating ${EVENTS * SHARE} events`)
      gm(
        ...['generate', '--out', '../events', '--start', START, '--seed', '7'],
        ...['--events', String(Math.round(EVENTS * SHARE))],
        ...['--days', String(DAYS + 1), '--batches', String(DAYS + 1)],
        ...['--users', '1000000', '--products', '250000'],
      )
      say('landing')
      land(...Array.from({ length: DAYS }, (_, i) => i + 1))
      writeFileSync(landed, String(DAYS))
    }
    const days = Number(readFileSync(landed, 'utf8'))
    psql('postgres', '-qc', `drop database if exists bench_before with (force)`)
    psql('postgres', '-qc', `create database bench_before template ${own} strategy file_copy`)
    psql(own, '-qc', 'vacuum analyze', '-c', 'checkpoint')
    say('full build')
    const full = await run()
    const replay = join(folder, 'replay.sql')
    writeFileSync(replay, loggedSql(join(project, 'logs')))
    const rowsOf = await countRows(url)
    say('landing a day')
    land(days + 1)
    say('the day')
    const day = await run()
    const dayRows = await countRows(url)
    const size = psql(own, '-Atc', 'select pg_size_pretty(pg_database_size(current_database()))')
    gm('compile', '--resource-type', 'analysis')
    const queries = await explainAll(
      url,
      join(project, 'target/compiled/globalmart/analyses/globalmart'),
    )
    const write = (floor: number | undefined): void => {
      writeFileSync(RESULTS, render({ days, full, day, rowsOf, dayRows, size, queries, floor }))
    }
    write(undefined)
    say('psql -f')
    // The ledger knows the database by its oid, which a copy does not keep.
    psql(
      'bench_before',
      '-qc',
      'update gm.cluster set database_oid = (select oid from pg_database where datname = current_database())',
      '-c',
      'vacuum analyze',
      '-c',
      'checkpoint',
    )
    const floor = await measure({
      argv: [
        ...['psql', inDatabase(url, 'bench_before'), '-X', '-q', '-v', 'ON_ERROR_STOP=1'],
        ...['-o', '/dev/null', '-f', replay],
      ],
    })
    write(floor.wallSeconds)
    say('done')
  } finally {
    gm('db', 'stop')
  }
}

function inDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

/** @throws Error when a step failed: a build that is not whole has no time. */
function stepsOf(log: string): readonly Step[] {
  const steps = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === 'step-end')
    .map(({ name, durationMs, status }) => ({
      name: String(name),
      seconds: Number(durationMs) / 1000,
      status: String(status),
    }))
  const failed = steps.filter(({ status }) => status !== 'success' && status !== 'reused')
  if (failed.length > 0) throw new Error(`failed: ${failed.map(({ name }) => name).join(', ')}`)
  return steps
}

/** Rows of every table by its name with schema. */
async function countRows(url: string): Promise<ReadonlyMap<string, number>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `select n.nspname || '.' || c.relname as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where (c.relkind = 'p' or c.relkind = 'r' and not c.relispartition) and n.nspname in ('raw', 'staging', 'intermediate', 'warehouse')`,
    )
    const counts = new Map<string, number>()
    for (const { name } of rows) {
      const counted = await client.query<{ rows: string }>(`select count(*) as rows from ${name}`)
      counts.set(name, Number(counted.rows[0]?.rows))
    }
    return counts
  } finally {
    await client.end()
  }
}

/** Each query twice; the second time counts, because a dashboard asks again and again. */
async function explainAll(url: string, folder: string): Promise<readonly Query[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const queries: Query[] = []
    const names = execFileSync('ls', [folder], { encoding: 'utf8' }).trim().split('\n')
    for (const file of names) {
      const name = file.replace(/\.sql$/, '')
      if (name === TOO_MANY_ROWS) continue
      const text = `explain (analyze, buffers, format json) ${readFileSync(join(folder, file), 'utf8').trim().replace(/;$/, '')}`
      await client.query(text)
      const { rows } = await client.query<{
        'QUERY PLAN': { Plan: PlanNode; 'Execution Time': number }[]
      }>(text)
      const [explained] = rows[0]?.['QUERY PLAN'] ?? []
      if (explained === undefined) continue
      queries.push({
        name,
        seconds: explained['Execution Time'] / 1000,
        rows: explained.Plan['Actual Rows'],
        plan: summarizePlan(explained.Plan),
      })
    }
    return queries
  } finally {
    await client.end()
  }
}

interface Measured {
  readonly steps: readonly Step[]
  readonly seconds: number
  readonly cpu: number
}

interface Results {
  readonly days: number
  readonly full: Measured
  readonly day: Measured
  readonly rowsOf: ReadonlyMap<string, number>
  readonly dayRows: ReadonlyMap<string, number>
  readonly size: string
  readonly queries: readonly Query[]
  readonly floor: number | undefined
}

function render({ days, full, day, rowsOf, dayRows, size, queries, floor }: Results): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim()
  const number = (value: number): string => Math.round(value).toLocaleString('en-US')
  const raw = (of: ReadonlyMap<string, number>): number =>
    TOPICS.map((topic) => `raw.${topic.replace('-topic', '').replaceAll('-', '_')}`).reduce(
      (sum, table) => sum + (of.get(table) ?? 0),
      0,
    )
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`
  const models = full.steps.map(({ name, seconds }) => {
    const again = day.steps.find((step) => step.name === name)
    const rows = rowsOf.get(name)
    return `| ${[
      name,
      rows === undefined ? '' : number(rows),
      rows === undefined ? '' : number((dayRows.get(name) ?? rows) - rows),
      seconds.toFixed(1),
      again?.status === 'reused' ? 'reused' : (again?.seconds.toFixed(1) ?? ''),
      again === undefined || again.status === 'reused' || seconds < 1
        ? ''
        : percent(again.seconds, seconds),
    ].join(' | ')} |`
  })
  const shown = queries.map(
    ({ name, seconds, rows, plan }) =>
      `| ${name} | ${number(rows)} | ${seconds.toFixed(3)} | ${plan} |`,
  )
  return `# GlobalMart at scale

Made by \`npx tsx bench/globalmart.ts ${EVENTS}\` on ${new Date().toISOString().slice(0, 10)}, commit ${commit}, one session, settings as gm starts its embedded database.

| | |
|---|---|
| events landed, over ${days} days of a shop with a million users and 250,000 products | ${number(raw(rowsOf))} |
| events of the further day, among them late ones of the three days before | ${number(raw(dayRows) - raw(rowsOf))} |
| the database in the end | ${size.trim()} |
| full build | ${full.seconds.toFixed(0)} s |
| of which gm's own process was computing | ${full.cpu.toFixed(1)} s |
| \`psql -f\` of the logged SQL on a copy from before the build | ${floor === undefined ? 'not measured' : `${floor.toFixed(0)} s`} |
| full build over \`psql -f\` (at most 1.15) | ${floor === undefined ? '' : (full.seconds / floor).toFixed(2)} |
| the further day (at most 300 s) | ${day.seconds.toFixed(0)} s |

## Model by model

| step | rows | more after the day | full, s | the day, s | day / full |
|---|---|---|---|---|---|
${models.join('\n')}

## The queries of the user guide

After the day, the second of two runs.

| query | rows | s | plan, scans first |
|---|---|---|---|
${shown.join('\n')}
${explanations()}`
}

/** What people wrote about the figures stays when they are measured anew. */
function explanations(): string {
  const before = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
  const start = before.indexOf('\n## What the figures say')
  return start === -1 ? '' : before.slice(start)
}

if (FOLDER === undefined) await inScratch(benchmark)
else await benchmark(FOLDER)
