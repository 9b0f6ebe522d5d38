import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { copyOfProject, databaseUrl, gm, startGm } from './gm.ts'
import { SEED } from './random.ts'
import { test } from './sql-fixture.ts'

const KILLS = Number(process.env['GM_TEST_KILLS'] ?? 20)
const TABLES = [
  'staging.stg_transactions',
  'warehouse.dim_products',
  'warehouse.fact_sales',
  'warehouse.rfm_analysis',
]

/** Everything but the columns that say when and by whom a row was written. */
const AUDIT = new Set(['_gm_xid', '_gm_version_xid', 'landed_at', 'source_name'])

test('gm killed at random moments while landing and building loses and doubles nothing, and leaves nothing temporary', {
  timeout: 600_000,
}, async ({ connection, sql }) => {
  const { root, remove } = copyOfProject()
  const env = databaseUrl(connection)
  const mapping = ['--mapping', 'ingest/mappings/online-retail.yml']
  const months = ['2010-12', '2011-01', '2011-02'].map(
    (m) => `ingest/samples/online-retail-sample-${m}.csv.gz`,
  )
  try {
    // How it should end, and how long the phases take.
    await gm(root, ['ingest', 'file', 'transactions-topic', ...months, ...mapping], env)
    const begin = performance.now()
    await gm(root, ['build'], env)
    const buildMs = performance.now() - begin
    await sql('create schema kept')
    const columns: Record<string, string> = {}
    for (const table of TABLES) {
      const found = await sql<{ name: string }>(
        `select attname as name from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped`,
      )
      columns[table] = found
        .map((c) => c.name)
        .filter((c) => !AUDIT.has(c))
        .map((c) => `"${c}"`)
        .join(', ')
      await sql(`create table kept.${table.split('.')[1] ?? ''} as select * from ${table}`)
    }
    await sql('drop schema raw, staging, intermediate, seeds, warehouse, realtime, gm cascade')

    let killed = 0
    const phases: string[] = []
    for (let i = 0; i < KILLS; i++) {
      // Golden-ratio steps spread the moments evenly over all phases, from a seed that changes.
      const moment = ((SEED + i) * 0.6180339887) % 1
      const isLanding = i % 4 === 0
      const month = months[i % 3] ?? ''
      const started = startGm(
        root,
        isLanding
          ? ['ingest', 'file', 'transactions-topic', month, ...mapping]
          : ['build', ...(i % 5 === 0 ? ['--full-refresh'] : []), '--log-level', 'debug'],
        env,
      )
      await sleep(150 + moment * (isLanding ? 250 : 0.8 * buildMs))
      if (started.child.kill('SIGKILL')) killed++
      await started.ended
      phases.push(isLanding ? 'landing' : lastLine(root))
    }
    console.log(`seed ${SEED}: ${killed} kills\n${phases.join('\n')}`)
    await gm(root, ['ingest', 'file', 'transactions-topic', ...months, ...mapping], env)
    await gm(root, ['build'], env)
    for (const table of TABLES) {
      const list = columns[table] ?? '*'
      const kept = `kept.${table.split('.')[1] ?? ''}`
      const [difference] = await sql(`select
        (select count(*)::int from (select ${list} from ${table} except all select ${list} from ${kept}) a) as more,
        (select count(*)::int from (select ${list} from ${kept} except all select ${list} from ${table}) b) as fewer`)
      expect(difference, `${table}, seed ${SEED}`).toEqual({ more: 0, fewer: 0 })
    }
    const leavings = await sql(
      `select relname from pg_class where relname ~ 'gm_new|_gm_rows|_gm_versions' union all select relation from gm.pending`,
    )
    expect(leavings, `seed ${SEED}`).toEqual([])
    expect(await sql(`select count(*)::int as n from gm.runs where status = 'running'`)).toEqual([
      { n: 0 },
    ])
  } finally {
    remove()
  }
})

/** Where the newest log of a run breaks off. */
function lastLine(root: string): string {
  const folder = join(root, 'logs')
  if (!existsSync(folder)) return 'before the first log'
  const newest = readdirSync(folder).sort().at(-1)
  if (newest === undefined) return 'before the first log'
  const lines = readFileSync(join(folder, newest), 'utf8').trimEnd().split('\n')
  return lines.filter((line) => line.startsWith('-- ')).at(-1) ?? ''
}
