import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import pg from 'pg'
import { copyProject } from '../runner/testing/gm.ts'
import { loggedSql } from './cases/rerun.ts'
import { measure } from './measure.ts'
import type { PlanNode } from './plan-summary.ts'
import { summarizePlan } from './plan-summary.ts'
import { GM, inScratch } from './scratch.ts'

/**
 * The warehouse at scale: a full build of many generated events against psql with the same SQL, a further day of a tenth of them, and
 * the queries of the user guide. `npx tsx bench/globalmart.ts`, on built code, writes GLOBALMART.md, anew after each part, so that
 * what was measured is kept when a later part fails. For a trial: `--events 200000 --users 20000 --products 5000 --results trial.md`.
 * A folder that is given (`--folder`) is kept, and where it has a file `landed` with a number, so many days are taken as landed.
 */
const ROOT = join(import.meta.dirname, '..')
const { values: OPTIONS } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    users: { type: 'string', default: '1000000' },
    products: { type: 'string', default: '250000' },
    folder: { type: 'string' },
    results: { type: 'string', default: join(import.meta.dirname, 'GLOBALMART.md') },
  },
})
const EVENTS = Number(OPTIONS.events)
const FOLDER = OPTIONS.folder
const RESULTS = OPTIONS.results

/** The batch layer alone. The speed layer follows events by the minute and is not rebuilt from ten million. */
const RUN = ['run', '--job', 'dimensions', 'facts', 'analytics', '--threads', '1'] as const
const TOPICS = ['transactions-topic', 'product-views-topic', 'cart-events-topic']
const SCHEMAS = ['staging', 'intermediate', 'warehouse']
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
  const said = join(project, 'said')
  const gm = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(GM[0], [GM[1], ...args], {
      cwd: project,
      maxBuffer: 1 << 28,
    })
    return stdout
  }
  mkdirSync(project, { recursive: true })
  copyProject(project)
  await gm('db', 'start')
  const url = (await gm('db', 'url')).trim()
  const own = new URL(url).pathname.slice(1)
  const psql = async (database: string, ...commands: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('psql', [
      ...[inDatabase(url, database), '-X', '-At', '-q', '-v', 'ON_ERROR_STOP=1'],
      ...commands.flatMap((command) => ['-c', command]),
    ])
    return stdout
  }
  const land = async (...batches: readonly number[]): Promise<void> => {
    const landTopic = async (topic: string): Promise<void> => {
      const files = batches.map((batch) => `${topic}-${String(batch).padStart(2, '0')}.jsonl`)
      await gm('ingest', 'file', topic, ...files.map((file) => `../events/${file}`))
      for (const file of files) rmSync(join(folder, 'events', file))
    }
    await Promise.all(TOPICS.map(landTopic))
  }
  const run = async (): Promise<Measured> => {
    rmSync(join(project, 'logs'), { recursive: true, force: true })
    // bash, because what the run says is read here and its times are measured around it.
    const { wallSeconds, cpuSeconds } = await measure({
      argv: [
        ...['bash', '-c', '"$@" > said', 'bash', ...GM, ...RUN],
        ...['--log-level', 'debug', '--log-format', 'json'],
      ],
      cwd: project,
    })
    const steps = stepsOf(readFileSync(said, 'utf8'))
    const failed = steps.filter(({ status }) => status !== 'success' && status !== 'reused')
    // A build that is not whole has no time.
    if (failed.length > 0) throw new Error(`failed: ${failed.map(({ name }) => name).join(', ')}`)
    return { steps, seconds: wallSeconds, cpu: cpuSeconds }
  }

  const results: Results = { failures: [] }
  let doing = ''
  let since = Date.now()
  const say = (text: string): void => {
    console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  const everyMinute = setInterval(() => {
    const { bavail, bsize } = statfsSync(folder)
    const steps = existsSync(said) ? stepsOf(readFileSync(said, 'utf8')) : []
    const last = steps.at(-1)
    say(
      `  ${doing}: ${Math.round((Date.now() - since) / 60_000)} min${last === undefined ? '' : `, ${steps.length} steps, last ${last.name}`}, ${Math.round((bavail * bsize) / 2 ** 30)} GB free`,
    )
  }, 60_000)
  /** The table is written after each part; a part that fails is named in it, and those that need nothing of it go on. */
  const part = async (name: string, work: () => Promise<void>): Promise<boolean> => {
    doing = name
    since = Date.now()
    rmSync(said, { force: true })
    say(name)
    try {
      await work()
      return true
    } catch (error) {
      const { message, stdout = '' } = error as Error & { readonly stdout?: string }
      results.failures.push(`${name}: ${message.trim()}\n${stdout}`)
      say(`failed: ${results.failures.at(-1)?.slice(0, 2000)}`)
      return false
    } finally {
      if (results.full !== undefined) writeFileSync(RESULTS, render(results))
    }
  }

  const replay = join(folder, 'replay.sql')
  const landed = join(folder, 'landed')
  try {
    const isBuilt =
      (existsSync(landed) ||
        ((await part(`generating ${Math.round(EVENTS * SHARE)} events`, async () => {
          await gm(
            ...['generate', '--out', '../events', '--start', START, '--seed', '7'],
            ...['--events', String(Math.round(EVENTS * SHARE))],
            ...['--days', String(DAYS + 1), '--batches', String(DAYS + 1)],
            ...['--users', OPTIONS.users, '--products', OPTIONS.products],
          )
        })) &&
          (await part('landing', async () => {
            await land(...Array.from({ length: DAYS }, (_, i) => i + 1))
            writeFileSync(landed, String(DAYS))
          })))) &&
      (await part('copying the database', async () => {
        // Makes gm's own tables, which the replay writes to as the build does.
        await gm('seed')
        await psql('postgres', 'drop database if exists bench_before with (force)')
        await psql('postgres', `create database bench_before template ${own} strategy file_copy`)
        await psql(own, 'vacuum analyze', 'checkpoint')
      })) &&
      (await part('full build', async () => {
        results.full = await run()
        // gm tries again when autovacuum is in the way; psql waits.
        const sql = loggedSql(join(project, 'logs'))
        writeFileSync(replay, sql.replaceAll('set local lock_timeout = 100;', ''))
      }))
    if (isBuilt) {
      const days = Number(readFileSync(landed, 'utf8'))
      // Next to the build, so that both meet the machine as it is.
      await part('psql -f', async () => {
        // The runner makes schemas on a connection of its own; the ledger knows the database by its oid, which a copy does not keep.
        await psql(
          'bench_before',
          ...SCHEMAS.map((schema) => `create schema if not exists ${schema}`),
          'update gm.cluster set database_oid = (select oid from pg_database where datname = current_database())',
          'vacuum analyze',
          'checkpoint',
        )
        const floor = await measure({
          argv: [
            ...['psql', inDatabase(url, 'bench_before'), '-X', '-q', '-v', 'ON_ERROR_STOP=1'],
            ...['-o', '/dev/null', '-f', replay],
          ],
        })
        results.floor = floor.wallSeconds
      })
      await part('a day, landed and built', async () => {
        results.rowsOf = await countRows(url)
        await land(days + 1)
        writeFileSync(landed, String(days + 1))
        results.day = await run()
        results.dayRows = await countRows(url)
        results.size = await psql(
          own,
          'select pg_size_pretty(pg_database_size(current_database()))',
        )
      })
      await part('queries', async () => {
        await gm('compile', '--resource-type', 'analysis')
        results.queries = await explainAll(
          url,
          join(project, 'target/compiled/globalmart/analyses/globalmart'),
        )
      })
    }
    say('done')
  } finally {
    clearInterval(everyMinute)
    await gm('db', 'stop')
  }
  if (results.failures.length > 0) process.exitCode = 1
}

function inDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

/** The steps that a run has told of as ended. */
function stepsOf(log: string): readonly Step[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === 'step-end')
    .map(({ name, durationMs, status }) => ({
      name: String(name),
      seconds: Number(durationMs) / 1000,
      status: String(status),
    }))
}

/** Rows of every table by its name with schema. */
async function countRows(url: string): Promise<ReadonlyMap<string, number>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `select n.nspname || '.' || c.relname as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where (c.relkind = 'p' or c.relkind = 'r' and not c.relispartition) and n.nspname = any ($1)`,
      [['raw', ...SCHEMAS]],
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

/** What has been measured so far. */
interface Results {
  readonly failures: string[]
  full?: Measured
  day?: Measured
  rowsOf?: ReadonlyMap<string, number>
  dayRows?: ReadonlyMap<string, number>
  size?: string
  queries?: readonly Query[]
  floor?: number
}

function render({ failures, full, day, rowsOf, dayRows, size, queries, floor }: Results): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim()
  const number = (value: number): string => Math.round(value).toLocaleString('en-US')
  const raw = (of: ReadonlyMap<string, number> | undefined): number | undefined =>
    of === undefined
      ? undefined
      : TOPICS.map((topic) => `raw.${topic.replace('-topic', '').replaceAll('-', '_')}`).reduce(
          (sum, table) => sum + (of.get(table) ?? 0),
          0,
        )
  const before = raw(rowsOf)
  const after = raw(dayRows)
  const seconds = (value: number | undefined): string =>
    value === undefined ? 'not measured' : `${value.toFixed(0)} s`
  const percent = (value: number, whole: number): string =>
    `${((100 * value) / whole).toFixed(1)} %`
  const models = (full?.steps ?? []).map(({ name, seconds: taken }) => {
    const again = day?.steps.find((step) => step.name === name)
    const rows = rowsOf?.get(name)
    const more = rows === undefined ? undefined : (dayRows?.get(name) ?? rows) - rows
    return `| ${[
      name,
      rows === undefined ? '' : number(rows),
      more === undefined ? '' : number(more),
      taken.toFixed(1),
      again?.status === 'reused' ? 'reused' : (again?.seconds.toFixed(1) ?? ''),
      again === undefined || again.status === 'reused' || taken < 1
        ? ''
        : percent(again.seconds, taken),
    ].join(' | ')} |`
  })
  const shown = (queries ?? []).map(
    ({ name, seconds, rows, plan }) =>
      `| ${name} | ${number(rows)} | ${seconds.toFixed(3)} | ${plan} |`,
  )
  return `# GlobalMart at scale

Made by \`npx tsx bench/globalmart.ts ${process.argv.slice(2).join(' ')}\` on ${new Date().toISOString().slice(0, 10)}, commit ${commit}, one session, settings as gm starts its embedded database.
${failures.map((failure) => `\n**Failed**: ${failure.split('\n')[0]}\n`).join('')}
| | |
|---|---|
| events landed, over ${DAYS} days of a shop with ${number(Number(OPTIONS.users))} users and ${number(Number(OPTIONS.products))} products | ${before === undefined ? '' : number(before)} |
| events of the further day, among them late ones of the three days before | ${before === undefined || after === undefined ? '' : number(after - before)} |
| the database in the end | ${size?.trim() ?? ''} |
| full build | ${seconds(full?.seconds)} |
| of which gm's own process was computing | ${full?.cpu.toFixed(1) ?? ''} s |
| \`psql -f\` of the logged SQL on a copy from before the build | ${seconds(floor)} |
| full build over \`psql -f\` (at most 1.15) | ${floor === undefined || full === undefined ? '' : (full.seconds / floor).toFixed(2)} |
| the further day (at most 300 s) | ${seconds(day?.seconds)} |

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
