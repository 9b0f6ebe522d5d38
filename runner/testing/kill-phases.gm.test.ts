import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect } from 'vitest'
import { layoutOf } from '../engine/embedded/layout.ts'
import { resetEmbedded } from '../engine/embedded/reset-embedded.ts'
import { startEmbedded } from '../engine/embedded/start-embedded.ts'
import type { Connection } from '../project/project.ts'
import { gm, startGm } from './gm.ts'
import { SEED } from './random.ts'
import { test } from './sql-fixture.ts'

const KILLS = Number(
  process.env['GM_TEST_KILLS'] ?? (process.env['GM_LONG'] === undefined ? 6 : 200),
)

/** Every way in which gm writes a table, over the same landed rows. */
const SHOP = {
  'project.yml': 'name: shop\nthreads: 2\nretries: 2\nkeep_versions: 1\n',
  'models/sources.yml':
    'sources:\n  - name: landing\n    tables: [{name: orders, config: {event_time: at}}, {name: accounts}]\n',
  'models/orders.sql': `{{ config(materialized='incremental', unique_key='id') }}
select id, account, amount, at from {{ changes(source('landing', 'orders')) }} as o`,
  'models/monthly.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='month', begin='2026-01-01') }}
select id, at, amount * 2 as amount from {{ source('landing', 'orders') }} as o`,
  'models/per_account.sql': `{{ config(materialized='incremental', unique_key='account') }}
select account, count(*) as orders, sum(amount) as total from {{ ref('orders') }}
{% if is_incremental() %}
where account in ({% call recompute('account') %}select account from {{ changed_keys(ref('orders'), 'account') }} as k{% endcall %})
{% endif %}
group by account`,
  'models/totals.sql': `{{ config(materialized='table') }}
select c.currency, sum(p.total) as total from {{ ref('per_account') }} p join {{ ref('currencies') }} c using (account) group by 1`,
  'models/shown.sql': "select * from {{ ref('totals') }}",
  'models/schema.yml':
    'models:\n  - name: orders\n    columns: [{name: id, data_tests: [unique, not_null]}]\n',
  'seeds/currencies.csv': 'account,currency\n1,EUR\n',
  'snapshots/spent.sql': `{{ config(strategy='events', unique_key='account', updated_at='at', tie_breakers=['id'], check_cols=['amount']) }}
select account, at, id, amount from {{ ref('orders') }} as o
{% if is_incremental() %}where account in (select c.account from {{ changes(ref('orders')) }} as c){% endif %}`,
  'snapshots/looked.yml': `snapshots:
  - name: looked
    relation: source('landing', 'accounts')
    config: {strategy: check, check_cols: [name], unique_key: id, hard_deletes: invalidate}
    data_tests: [history_is_sound]
  - name: watched
    relation: source('landing', 'accounts')
    config: {strategy: check, check_cols: [name], unique_key: id}
    data_tests: [history_is_sound]
`,
}

const REBUILT = ['orders', 'monthly', 'per_account', 'totals', 'currencies', 'spent']

/** What is killed, in turn: each is a phase of its own, or goes on with what the one before has left. */
const COMMANDS = [
  ['build', '--publish', 'atomic'],
  ['build', '--full-refresh'],
  ['retry'],
  ['build'],
  ['rollback', '--allow-destructive'],
  ['build', '--event-time-start', '2026-01-01', '--event-time-end', '2026-03-01'],
]

/** After all events: what counts as now does not depend on when the test runs. */
const AS_OF = ['--as-of', '2026-04-15']

test('gm and PostgreSQL killed at random moments of incremental, batch, history, seed, snapshot and atomic runs, retries and rollbacks under landing lose and double nothing', {
  timeout: 3_600_000,
}, async ({ project }) => {
  const root = await project(SHOP)
  let landing: Landing | undefined
  try {
    await writeCurrencies(root, 0)
    const start = async (): Promise<Connection> =>
      (
        await startEmbedded({
          root,
          database: 'shop_warehouse',
          settings: { shared_buffers: '32MB' },
        })
      ).connection
    const connection = await start()
    await ask(connection, LANDING)
    landing = land(start)
    const began = performance.now()
    await gm(root, ['build', ...AS_OF])
    const buildMs = performance.now() - began

    const ends: string[] = []
    for (let i = 0; i < KILLS; i++) {
      // Golden-ratio steps spread the moments evenly over all phases, from a seed that changes.
      const moment = ((SEED + i) * 0.6180339887) % 1
      await writeCurrencies(root, i + 1)
      const command = COMMANDS[i % COMMANDS.length] ?? []
      const isRollback = command[0] === 'rollback'
      // Nothing but what was just published together can be taken back.
      if (isRollback) await gm(root, ['build', '--publish', 'atomic', ...AS_OF])
      const started = startGm(root, [...command, ...(command[0] === 'build' ? AS_OF : [])])
      await sleep((0.15 + 0.75 * moment) * (isRollback ? buildMs / 3 : buildMs))
      const isServer = i % 4 === 3
      if (isServer) process.kill(await postmaster(root), 'SIGKILL')
      else started.child.kill('SIGKILL')
      const { status } = await started.ended
      ends.push(
        `${command.join(' ')}, ${isServer ? 'server' : 'gm'} at ${moment.toFixed(2)}: ${String(status)}`,
      )
      await start()
    }
    await landing.stop()
    console.log(`seed ${SEED}, ${landing.rows()} orders landed\n${ends.join('\n')}`)

    const last = await start()
    await gm(root, ['build', ...AS_OF])
    const compared: (readonly [table: string, columns: string])[] = []
    for (const table of REBUILT) {
      // All but what says when and by whom a row was written.
      const [row] = await ask(
        last,
        `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
         where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped and attname !~ '^_gm_'`,
      )
      const columns = String(row?.['columns'])
      compared.push([table, columns])
      await ask(last, `create table kept_${table} as select ${columns} from ${table}`)
    }
    expect(
      await ask(
        last,
        `select relname from pg_class where relname ~ '__gm_(new|next|old)|_gm_rows|_gm_versions'
        union all select relation from gm.pending union all select relation from gm.shadows
        union all select run_id from gm.runs where status = 'running'`,
      ),
      `seed ${SEED}`,
    ).toEqual([])
    // What was looked at: each account that is there has one version that holds, and it is the account's own row. Who
    // leaves out what nobody has written since the last look keeps those that are gone.
    expect(
      await ask(
        last,
        `(select id, name from landing.accounts except all select id, name from looked where dbt_valid_to is null)
        union all (select id, name from looked where dbt_valid_to is null except all select id, name from landing.accounts)
        union all (select id, name from landing.accounts except all select id, name from watched where dbt_valid_to is null)`,
      ),
      `seed ${SEED}`,
    ).toEqual([])
    await gm(root, ['build', '--full-refresh', '--force', ...AS_OF])
    for (const [table, columns] of compared) {
      const differences = await ask(
        last,
        `(select ${columns} from ${table} except all select ${columns} from kept_${table})
        union all (select ${columns} from kept_${table} except all select ${columns} from ${table})`,
      )
      expect(differences, `${table}, seed ${SEED}`).toEqual([])
    }
    expect(await ask(last, 'select count(*)::int as n from orders'), `seed ${SEED}`).toEqual(
      await ask(last, 'select count(*)::int as n from landing.orders'),
    )
  } finally {
    await landing?.stop()
    await resetEmbedded(root)
  }
})

const LANDING = `create schema landing;
create table landing.orders (id int, account int, amount int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
create index on landing.orders (_gm_xid);
create table landing.accounts (id int, name text);
insert into landing.accounts select n, 'a' from generate_series(1, 20) as n`

interface Landing {
  readonly rows: () => number
  readonly stop: () => Promise<void>
}

/** Goes on landing through everything, as an ingestor does: over a new connection when the server was killed. */
function land(start: () => Promise<Connection>): Landing {
  let id = 0
  const over = new AbortController()
  const isOver = (): boolean => over.signal.aborted
  const work = (async (): Promise<void> => {
    while (!isOver()) {
      try {
        const connection = await start()
        // Known only when the commit is: after a lost one the landed rows say how far it has come.
        id = Number(
          (await ask(connection, 'select coalesce(max(id), 0) as id from landing.orders'))[0]?.[
            'id'
          ],
        )
        while (!isOver()) {
          const next = id + 1
          await ask(
            connection,
            `insert into landing.orders select n, n % 20 + 1, n % 7, '2026-01-01'::timestamptz + (n * 7919 % 100000) * interval '1 minute'
             from generate_series(${next}, ${next + 9}) as n;
             update landing.accounts set name = 'n${next}' where id = ${(next % 20) + 1};
             delete from landing.accounts where id = ${(next % 40) + 21};
             insert into landing.accounts select ${(next % 40) + 21}, 'b' where ${next} % 3 = 0`,
          )
          id = next + 9
          await sleep(60)
        }
      } catch {
        await sleep(100)
      }
    }
  })()
  return {
    rows: () => id,
    stop: async () => {
      over.abort()
      await work
    },
  }
}

async function ask(
  { host, port, user, password, database }: Connection,
  text: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host, port, user, password, database })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Several statements give several results; the last is asked for.
    const results = [await client.query<Record<string, unknown>>(text)].flat()
    return results.at(-1)?.rows ?? []
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Another seed each time, so that loading it is among what is killed. */
async function writeCurrencies(root: string, round: number): Promise<void> {
  const rows = Array.from(
    { length: 20 },
    (_, i) => `${i + 1},${(i + round) % 2 === 0 ? 'EUR' : 'USD'}`,
  )
  await writeFile(join(root, 'seeds/currencies.csv'), `account,currency\n${rows.join('\n')}\n`)
}

async function postmaster(root: string): Promise<number> {
  return Number(
    (await readFile(join(layoutOf(root).data, 'postmaster.pid'), 'utf8')).split('\n')[0],
  )
}
