import pg from 'pg'
import { describe, expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { Inputs } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { randomFrom, SEED } from '../testing/random.ts'
import { createLedger, test } from '../testing/sql-fixture.ts'

/** A run of this file takes seconds; `npm run test:long` takes minutes. */
const ACTIONS = process.env['GM_LONG'] === undefined ? 250 : 10_000

/** Accounts are changed and deleted; the log is only added to. */
const TABLES = `create schema raw;
create table raw.accounts (
  id int primary key, owner int, amount int, _gm_xid xid8 not null default pg_current_xact_id()
);
create index on raw.accounts (_gm_xid);
create table raw.log (
  id int primary key, written_at timestamptz not null default clock_timestamp(),
  _gm_xid xid8 not null default pg_current_xact_id()
);
create index on raw.log (_gm_xid)`

/** What each model of the chain must hold, over the tables as they are. */
const EXPECTED = {
  copied: 'select id, owner, amount from raw.accounts',
  owners:
    'select owner, count(*)::int as accounts, sum(amount)::int as total from raw.accounts group by owner',
  sizes: `select accounts, count(*)::int as owners, sum(total)::int as total
    from (select owner, count(*)::int as accounts, sum(amount)::int as total from raw.accounts group by owner) o
    group by accounts`,
  appended: 'select id from raw.log',
}

/** The rows of recomputed keys, of which the rows are or were in what changed. */
function whereChanged({ changedKeys, recompute }: Inputs, input: string, key: string): string {
  const keys = `select ${key} from ${changedKeys(input, [key])} as k`
  return `where ${key} in (${recompute([key], keys)})`
}

/** Three incremental models in a chain; one that appends; and the rule that everybody writes by hand. */
const PROJECT = plainProject({
  accounts: { kind: 'source', schema: 'raw', config: { log_keys: true } },
  log: { kind: 'source', schema: 'raw' },
  copied: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['accounts'],
    keys: { accounts: [['id']] },
    sql: (on) =>
      `select id, owner, amount from ${on.ref('accounts')} ${whereChanged(on, 'accounts', 'id')}`,
  },
  owners: {
    config: { materialized: 'incremental', unique_key: ['owner'] },
    changes: ['copied'],
    keys: { copied: [['owner']] },
    sql: (on) => `select owner, count(*)::int as accounts, sum(amount)::int as total
      from ${on.ref('copied')} ${whereChanged(on, 'copied', 'owner')} group by owner`,
  },
  sizes: {
    config: {
      materialized: 'incremental',
      unique_key: ['accounts'],
      incremental_strategy: 'delete+insert',
    },
    changes: ['owners'],
    keys: { owners: [['accounts']] },
    sql: (on) => `select accounts, count(*)::int as owners, sum(total)::int as total
      from ${on.ref('owners')} ${whereChanged(on, 'owners', 'accounts')} group by accounts`,
  },
  appended: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['log'],
    sql: ({ changes }) => `select id from ${changes('log')} l`,
  },
  by_timestamp: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    inputs: ['log'],
    sql: ({ ref, isIncremental }) =>
      `select id, written_at from ${ref('log')}` +
      (isIncremental
        ? ` where written_at > (select coalesce(max(written_at), '-infinity') from "shop"."by_timestamp")`
        : ''),
  },
})

/** One client's transactions: statements come one by one, among those of others. */
class Writer {
  readonly #client: pg.Client
  isOpen = false

  constructor(connection: pg.ClientConfig) {
    this.#client = new pg.Client(connection)
  }

  async connect(): Promise<void> {
    await this.#client.connect()
  }

  async begin(): Promise<void> {
    await this.#client.query('begin')
    this.isOpen = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    await this.#client.query(how)
    this.isOpen = false
  }

  /** @param isUndone the statements happen in a savepoint that is rolled back. */
  async write(statements: readonly string[], isUndone: boolean): Promise<void> {
    const around = isUndone ? ['savepoint s', 'rollback to s'] : []
    await this.#client.query([...around.slice(0, 1), ...statements, ...around.slice(1)].join(';\n'))
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}

test('over random writers and runs, a chain of three models equals its sources after each run, an appending one reads each row once, and max(timestamp) loses some', {
  timeout: 3_600_000,
}, async ({ connection, sql }) => {
  await createLedger(sql)
  await sql(TABLES)
  const random = randomFrom(SEED)
  const below = (n: number): number => Math.floor(random() * n)
  const { host, port, user, password, database } = connection
  const writers = Array.from(
    { length: 5 },
    () => new Writer({ host, port, user, password, database }),
  )
  const adapter = createPostgresAdapter(connection)
  const run = async (): Promise<void> => {
    // What such a run finds to have nothing new is left alone, with its marks moved.
    const publish = random() < 0.3 ? 'atomic' : 'model'
    const result = await runPlain(PROJECT, adapter, { publish, reuse: 'all' })
    expect(result.steps.flatMap(({ error }) => error ?? [])).toEqual([])
  }
  const columns = new Map<string, string>()
  const differences = async (): Promise<object[]> => {
    const found: object[] = []
    for (const [model, expected] of Object.entries(EXPECTED)) {
      const actual = `select ${columns.get(model)} from shop.${model}`
      found.push(
        ...(await sql(
          `with actual as (${actual}), expected as (${expected})
           (select '${model}' as model, 'lacks' as it, e::text as row from (table expected except all table actual) e)
           union all
           (select '${model}', 'has', a::text from (table actual except all table expected) a)`,
        )),
      )
    }
    return found
  }
  let nextId = 1
  /** Nobody waits for a row that another writer holds: there is one thread here. */
  const someAccount = (): string =>
    `id = (select id from raw.accounts where id >= ${below(nextId)} order by id limit 1 for update skip locked)`
  const someWrites = (): string[] => {
    const id = nextId++
    const dice = random()
    const log = `insert into raw.log (id) values (${id})`
    if (dice < 0.5)
      return [log, `insert into raw.accounts values (${id}, ${below(9)}, ${below(100)})`]
    if (dice < 0.65)
      return [log, `update raw.accounts set owner = ${below(9)} where ${someAccount()}`]
    if (dice < 0.8)
      return [
        log,
        `update raw.accounts set amount = ${below(100)}, _gm_xid = pg_current_xact_id() where ${someAccount()}`,
      ]
    return [log, `delete from raw.accounts where ${someAccount()}`]
  }
  try {
    // The first build waits until nobody writes to a table whose keys it begins to follow.
    await run()
    for (const model of Object.keys(EXPECTED)) {
      columns.set(model, model === 'appended' ? 'id' : (await columnsOf(sql, model)).join(', '))
    }
    for (const writer of writers) await writer.connect()
    // One writer stays open from beginning to end; it must delay nobody else's rows.
    const [long, ...others] = writers
    await long?.begin()
    await long?.write(['insert into raw.log (id) values (0)'], false)
    for (let action = 0; action < ACTIONS; action++) {
      const writer = others[below(others.length)]
      if (writer === undefined) continue
      const dice = random()
      if (dice < 0.08) {
        await run()
        expect(await differences(), `seed ${SEED}, action ${action}`).toEqual([])
      } else if (dice < 0.12) {
        // Writes come and go while this one works.
        const running = run()
        for (let i = below(12); i > 0; i--) {
          const one = others[below(others.length)]
          if (one?.isOpen === true && random() < 0.3) await one.end('commit')
          else if (one?.isOpen === true) await one.write(someWrites(), false)
          else await one?.begin()
        }
        await running
      } else if (!writer.isOpen) await writer.begin()
      else if (dice < 0.65) await writer.write(someWrites(), random() < 0.2)
      else await writer.end(random() < 0.75 ? 'commit' : 'rollback')
    }
    for (const writer of writers) if (writer.isOpen) await writer.end('commit')
    await run()
    expect(await differences(), `seed ${SEED}`).toEqual([])

    const [counts] = await sql<{ all: number; byTimestamp: number; logged: number }>(
      `select (select count(*)::int from raw.log) as "all", (select count(*)::int from shop.by_timestamp) as "byTimestamp",
        (select count(*)::int from gm.key_log) as logged`,
    )
    expect(counts?.byTimestamp, `seed ${SEED}`).toBeLessThan(counts?.all ?? 0)

    // What all have read is forgotten, and the comparison can fail.
    await run()
    expect(await sql('select * from gm.key_log')).toEqual([])
    await sql(
      'update shop.owners set total = total + 1 where owner = (select min(owner) from shop.owners)',
    )
    expect(await differences()).toHaveLength(2)
  } finally {
    for (const writer of writers) await writer.close()
    await adapter.close()
  }
})

async function columnsOf(
  sql: (text: string) => Promise<Record<string, unknown>[]>,
  table: string,
): Promise<string[]> {
  const rows = await sql(
    `select attname from pg_attribute where attrelid = 'shop.${table}'::regclass and attnum > 0
       and not attisdropped and attname <> '_gm_xid' order by attnum`,
  )
  return rows.map((row) => String(row['attname']))
}

describe('a table is swapped while a run begins to read it', () => {
  for (const [title, first, count] of [
    ['with the lock and then the snapshot, all its rows are read', '', 3],
    // The control: why a step locks its inputs before its first query.
    ['with the snapshot and then the lock, it is found empty', 'select pg_current_snapshot()', 0],
  ] as const) {
    test(title, async ({ connection, sql }) => {
      await sql('create table parent as select 1 as id')
      const { host, port, user, password, database } = connection
      const reader = new pg.Client({ host, port, user, password, database })
      await reader.connect()
      try {
        await sql(`begin; create table built as select generate_series(1, 3) as id;
          lock table parent in access exclusive mode`)
        await reader.query(`begin isolation level repeatable read; ${first}`)
        const locked = reader.query('lock table parent in access share mode')
        await sql('drop table parent; alter table built rename to parent; commit')
        await locked
        const { rows } = await reader.query('select count(*)::int as count from parent')
        expect(rows).toEqual([{ count }])
      } finally {
        await reader.end()
      }
    })
  }
})
