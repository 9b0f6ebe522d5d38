import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { dirtyEvents } from '../runner/testing/globalmart/dirty-events.ts'
import { copyProject } from '../runner/testing/gm.ts'
import { randomFrom } from '../runner/testing/random.ts'
import { proofOfEquivalence } from './equivalent-mutants.ts'
import type { Mutant } from './mutate-sql.ts'
import { mutateSql } from './mutate-sql.ts'
import { GM, inScratch } from './scratch.ts'

/**
 * Plants one mistake at a time in the project's SQL, builds it on dirty events in two halves, and asks whether the
 * project's own tests notice; then with changed seeds, and for days that the run is told. `npx tsx bench/mutants.ts [count] [seed]`, on
 * built code, writes MUTANTS.md. With `again` as third argument only those that were missed there are tried, and nothing is written.
 */
const ROOT = join(import.meta.dirname, '..')
const COUNT = Number(process.argv[2] ?? 100)
const SEED = Number(process.argv[3] ?? 1)
const AGAIN = process.argv[4] === 'again'
const RESULTS = join(import.meta.dirname, 'MUTANTS.md')
const WORKERS = 2
const TABLES = ['transactions', 'product_views', 'cart_events']

/** What the mistake did: the database refused it, tests failed, or nobody noticed. */
interface Verdict {
  readonly mutant: Mutant
  readonly fate: 'refused' | 'failed tests' | 'survived'
  /** The tests that failed, or for a survivor the tables whose rows are others than without the mistake. */
  readonly names: readonly string[]
}

/** Of every file about as many, drawn by the seed. */
function draw(count: number, seed: number): readonly Mutant[] {
  const random = randomFrom(seed)
  const perFile = allMutants().map((mutants) =>
    mutants.map((m) => ({ m, at: random() })).sort((a, b) => a.at - b.at),
  )
  const drawn: Mutant[] = []
  for (let round = 0; drawn.length < count && perFile.some((own) => own.length > round); round++) {
    for (const own of perFile) {
      const one = own[round]
      if (one !== undefined && drawn.length < count) drawn.push(one.m)
    }
  }
  return drawn
}

function allMutants(): readonly (readonly Mutant[])[] {
  return sqlFiles().map((file) => mutateSql(file, readFileSync(join(ROOT, file), 'utf8')))
}

/** Models, snapshots and the macros that they are made of; not those that are tests. */
function sqlFiles(): readonly string[] {
  return ['models/globalmart', 'snapshots/globalmart', 'macros/globalmart']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((file) => file.endsWith('.sql') && !LEFT_OUT.some((part) => file.includes(part)))
    .sort()
}

/** What no mutant is planted in; its tables would only cost time. */
const SPEED_LAYER = ['tag:realtime', 'sales_baselines']

/** Macros of tests, and the speed layer, which is compared with its rebuild instead. */
const LEFT_OUT = [
  'history_checks.sql',
  'globalmart/realtime/',
  'minutes.sql',
  'as_of_time.sql',
  'sales_baselines.sql',
]

async function query(url: string, ...texts: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const text of texts) rows = (await client.query<Record<string, unknown>>(text)).rows
    return rows
  } finally {
    await client.end()
  }
}

function at(url: string, database: string): string {
  const other = new URL(url)
  other.pathname = `/${database}`
  return other.href
}

/**
 * What dirty events do not bring by themselves: a first event that is a view in a month without sales, a last one that is a view
 * in the first half and a checkout in the second, and a country and a category that one topic alone names, late.
 */
const RARE = [
  {
    topic: 'product-views-topic',
    name: 'rare-000.jsonl',
    text:
      '{"event_id":"r1","event_type":"view","session_id":"r","product_id":"p0","timestamp":"2022-12-20T10:00:00Z"}\n' +
      '{"event_id":"r6","event_type":"view","session_id":"r","product_id":"p0","timestamp":"2023-08-25T10:00:00Z"}\n',
  },
  {
    topic: 'product-views-topic',
    name: 'rare-005.jsonl',
    text:
      '{"event_id":"r2","event_type":"view","session_id":"r","product_id":"p1","country":"Lemuria","timestamp":"2024-03-30T10:00:00Z"}\n' +
      '{"event_id":"r3","event_type":"filter","session_id":"r","category":"Rarities","timestamp":"2024-03-30T10:01:00Z"}\n',
  },
  {
    topic: 'cart-events-topic',
    name: 'rare-005.jsonl',
    text: '{"event_id":"r4","event_type":"checkout","session_id":"r","cart_value":5,"country":"Thule","timestamp":"2024-03-31T23:00:00Z"}\n',
  },
  {
    topic: 'transactions-topic',
    name: 'rare-005.jsonl',
    text: '{"event_id":"r5","event_type":"return","transaction_id":"r5","product_id":"p0","unit_price":1,"quantity":-1,"category":"Curios","country":"Avalon","timestamp":"2024-03-29T10:00:00Z"}\n',
  },
] as const

/** Days that later runs are told: a month's end, the day before it, a day long gone, and one with few customers. */
const TOLD_DAYS = ['2023-08-31', '2023-08-30', '2023-03-15', '2023-01-18']

/** A region and a category change their place, from a moment in the middle of the events on. */
function changeSeeds(root: string): void {
  const from = '2023-06-15T12:00:00Z'
  appendFileSync(
    join(root, 'seeds/globalmart/countries.csv'),
    `Germany,Central Europe,EUR,${from}\nFrance,Western Europe,EUR,${from}\n`,
  )
  appendFileSync(join(root, 'seeds/globalmart/categories.csv'), `Phones,Computers,${from}\n`)
}

/** The database that every mutant begins with: the first half landed, the second waiting in the schema `later`. */
async function prepare(root: string, url: string): Promise<void> {
  mkdirSync(join(root, 'landing'))
  const batches = dirtyEvents({
    seed: 11,
    events: 2000,
    batches: 6,
    from: '2023-01-15',
    days: 430,
    users: 40,
    products: 15,
    contradictions: 'values',
  })
  for (const { topic, name, text } of [...batches.flat(), ...RARE]) {
    writeFileSync(join(root, 'landing', name), text)
    const argv = [GM[1], 'ingest', 'file', topic, `landing/${name}`]
    execFileSync(GM[0], argv, {
      cwd: root,
      env: { ...process.env, GM_DATABASE_URL: url },
      stdio: 'ignore',
    })
  }
  // Some of them as Kafka would have landed them.
  for (const table of TABLES) {
    await query(
      url,
      `update raw.${table} set partition = line % 3, "offset" = line, file_name = null, file_hash = null, line = null
       where file_name ~ '-001.jsonl'`,
    )
  }
  await query(url, 'create schema later')
  for (const table of TABLES) {
    await query(
      url,
      `create table later.${table} as select * from raw.${table} where file_name ~ '-00[345].jsonl'`,
      `delete from raw.${table} where file_name ~ '-00[345].jsonl'`,
      `alter table later.${table} drop column _gm_xid`,
    )
  }
}

async function landLater(url: string): Promise<void> {
  for (const table of TABLES) {
    const columns = await query(
      url,
      `select string_agg(quote_ident(attname), ', ' order by attnum) as list from pg_attribute
       where attrelid = 'later.${table}'::regclass and attnum > 0 and not attisdropped`,
    )
    const list = String(columns[0]?.['list'])
    await query(url, `insert into raw.${table} (${list}) select ${list} from later.${table}`)
  }
}

/** The tests and models that fail; none for a build that is green. */
async function build(
  root: string,
  url: string,
  ...flags: readonly string[]
): Promise<readonly { name: string; isTest: boolean }[]> {
  const log = await new Promise<string>((resolve, reject) => {
    const child = spawn(
      GM[0],
      [
        GM[1],
        'build',
        '--exclude',
        ...SPEED_LAYER,
        '--fail-fast',
        '--log-format',
        'json',
        '--threads',
        '2',
        ...flags,
      ],
      {
        cwd: root,
        env: { ...process.env, GM_DATABASE_URL: url },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
  const events = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  if (!events.some(({ type }) => type === 'run-end'))
    return [{ name: 'the project', isTest: false }]
  return events
    .filter(({ type, status }) => type === 'step-end' && (status === 'error' || status === 'fail'))
    .map(({ name, kind, status }) => ({
      name: String(name),
      isTest: (kind === 'test' || kind === 'unit_test') && status === 'fail',
    }))
}

/** A hash of the rows of every table and view that users read, without what differs from run to run. */
async function contents(url: string): Promise<ReadonlyMap<string, string>> {
  const relations = await query(
    url,
    `select format('%I.%I', n.nspname, c.relname) as name,
       string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname in ('staging', 'intermediate', 'warehouse') and c.relkind in ('r', 'v')
       and c.relname <> 'batch_job_tracker' and a.attnum > 0 and not a.attisdropped
       and a.attname not in ('_gm_xid', '_gm_version_xid', 'landed_at')
     group by 1 order by 1`,
  )
  const hashes = new Map<string, string>()
  for (const { name, columns } of relations) {
    const [row] = await query(
      url,
      `select md5(string_agg(r::text, '' order by r::text)) as hash from (select ${String(columns)} from ${String(name)}) r`,
    )
    hashes.set(String(name), String(row?.['hash']))
  }
  return hashes
}

async function judge(
  mutant: Mutant | undefined,
  root: string,
  url: string,
): Promise<readonly { name: string; isTest: boolean }[]> {
  if (mutant !== undefined) writeFileSync(join(root, mutant.file), mutant.text)
  const early = await build(root, url)
  if (early.length > 0) return early
  await landLater(url)
  changeSeeds(root)
  const late = await build(root, url)
  if (late.length > 0) return late
  for (const day of TOLD_DAYS) {
    const told = await build(root, url, '--as-of', day)
    if (told.length > 0) return told
  }
  return []
}

await inScratch(async (scratch) => {
  const root = join(scratch, 'project')
  mkdirSync(root)
  copyProject(root)
  const gm = (...args: string[]): string =>
    execFileSync(GM[0], [GM[1], ...args], { cwd: root, encoding: 'utf8' })
  gm('db', 'start')
  const server = gm('db', 'url').trim()
  try {
    // Nobody will miss this cluster.
    await query(at(server, 'postgres'), 'alter system set fsync = off')
    await query(at(server, 'postgres'), 'select pg_reload_conf()')
    await query(at(server, 'postgres'), 'create database mutants_start')
    await prepare(root, at(server, 'mutants_start'))

    const inDatabase = async <T>(name: string, work: (url: string) => Promise<T>): Promise<T> => {
      await query(at(server, 'postgres'), `create database ${name} template mutants_start`)
      try {
        return await work(at(server, name))
      } finally {
        await query(at(server, 'postgres'), `drop database ${name} with (force)`)
      }
    }
    const truth = await inDatabase('original', async (url) => {
      const own = join(scratch, 'original')
      mkdirSync(own)
      copyProject(own)
      const failures = await judge(undefined, own, url)
      if (failures.length > 0)
        throw new Error(`the project fails without a mistake: ${JSON.stringify(failures)}`)
      return await contents(url)
    })

    const chosen = AGAIN ? allMutants().flat().filter(isToTryAgain) : draw(COUNT, SEED)
    const queue = chosen.map((mutant, index) => ({ mutant, index }))
    const verdicts: Verdict[] = []
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { mutant, index } = next
        const own = join(scratch, `mutant-${index}`)
        mkdirSync(own)
        copyProject(own)
        verdicts[index] = await inDatabase(`mutant_${index}`, async (url) => {
          const failures = await judge(mutant, own, url)
          if (failures.length === 0) {
            const now = await contents(url)
            const names = [...truth.keys()].filter((name) => now.get(name) !== truth.get(name))
            return { mutant, fate: 'survived', names }
          }
          const fate = failures.some(({ isTest }) => isTest) ? 'failed tests' : 'refused'
          return { mutant, fate, names: failures.map(({ name }) => name) }
        })
        rmSync(own, { recursive: true, force: true })
        const { fate, names } = verdicts[index]
        console.error(
          `${index + 1} of ${chosen.length} ${fate}: ${mutant.file}:${mutant.line} ${mutant.kind}: ${mutant.after} (${names.join(', ')})`,
        )
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, work))
    if (!AGAIN) writeFileSync(RESULTS, render(verdicts))
  } finally {
    gm('db', 'stop')
  }
})

/** Whether MUTANTS.md has the mutant among those missed. Lines may have moved since. */
function isToTryAgain({ file, before, after }: Mutant): boolean {
  const [, missed = ''] = /\n## Missed\n(.*?)\n## /s.exec(readFileSync(RESULTS, 'utf8')) ?? []
  return missed
    .split('\n')
    .some((row) => row.startsWith(`| ${file}:`) && row.includes(`${cell(before)} | ${cell(after)}`))
}

function cell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}

function render(verdicts: readonly Verdict[]): string {
  const of = (fate: Verdict['fate']): readonly Verdict[] =>
    verdicts.filter((verdict) => verdict.fate === fate)
  const survivors = of('survived')
  const equivalent = survivors.filter(({ mutant }) => proofOfEquivalence(mutant) !== undefined)
  const missed = survivors.filter(({ mutant }) => proofOfEquivalence(mutant) === undefined)
  const row = ({ mutant, names }: Verdict, last = summarize(names)): string =>
    `| ${mutant.file}:${mutant.line} | ${mutant.kind} | ${cell(mutant.before)} | ${cell(mutant.after)} | ${last} |`
  const table = (heading: string, rows: readonly string[]): string =>
    `| place | kind | was | became | ${heading} |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
  const mistakes = verdicts.length - equivalent.length
  return `# Mutants

${verdicts.length} mistakes, planted one at a time in the SQL of models, snapshots and their macros by seed ${SEED}. Each is built with \`gm build\`
on 2,000 dirty events in two halves, with changed seeds in the second, and for days that the run is told, until a test of the project fails
or the database refuses it. Made by \`npx tsx bench/mutants.ts\`.

| | |
|---|---|
| failed tests of the project | ${of('failed tests').length} |
| refused by the database | ${of('refused').length} |
| survived, and missed | ${missed.length} |
| survived, and is no mistake: proved to give the same rows on any events | ${equivalent.length} |
| caught, of those that are mistakes | ${((100 * (mistakes - missed.length)) / mistakes).toFixed(0)} % |

## Missed

${table(
  'tables that are wrong in these builds',
  missed.map((verdict) => row(verdict)),
)}
## No mistakes

${table(
  'because',
  equivalent.map((verdict) => row(verdict, proofOfEquivalence(verdict.mutant))),
)}
## Caught by tests

${table(
  'first tests',
  of('failed tests').map((verdict) => row(verdict)),
)}
## Refused by the database

${table(
  'node',
  of('refused').map((verdict) => row(verdict)),
)}`
}

function summarize(names: readonly string[]): string {
  const rest = names.length - 3
  return `${names.slice(0, 3).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
