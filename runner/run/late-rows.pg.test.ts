import pg from 'pg'
import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test } from '../testing/sql-fixture.ts'

/** A small generator of repeatable random numbers (mulberry32), so that a failing seed can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const TABLE = `create schema raw;
create table raw.events (
  id int primary key, written_at timestamptz not null default clock_timestamp(),
  _gm_xid xid8 not null default pg_current_xact_id()
);
create index on raw.events (_gm_xid)`

/** Two incremental models in a chain behind gm's marks, and beside them the rule that everybody writes by hand. */
const PROJECT = plainProject({
  events: { kind: 'source', schema: 'raw' },
  copied: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['events'],
    sql: ({ changes }) => `select id, written_at from ${changes('events')} e`,
  },
  appended: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['copied'],
    sql: ({ changes }) => `select id from ${changes('copied')} c`,
  },
  by_timestamp: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    inputs: ['events'],
    sql: ({ ref, isIncremental }) =>
      `select id, written_at from ${ref('events')}` +
      (isIncremental
        ? ` where written_at > (select coalesce(max(written_at), '-infinity') from "shop"."by_timestamp")`
        : ''),
  },
})

test('over random writers that commit late, roll back or stay open, each row is read exactly once, and max(timestamp) loses some', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  await sql(TABLE)
  const seed = Number(process.env['GM_TEST_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const { host, port, user, password, database } = connection
  const writers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const client = new pg.Client({ host, port, user, password, database })
      await client.connect()
      return { client, isOpen: false, written: [] as number[] }
    }),
  )
  const adapter = createPostgresAdapter(connection)
  const committed: number[] = []
  let nextId = 1
  try {
    // One writer stays open from beginning to end; it must delay nobody else's rows.
    const long = writers[0]
    if (long === undefined) throw new Error('no writers')
    await long.client.query('begin')
    await long.client.query('insert into raw.events (id) values (0)')
    for (let action = 0; action < 250; action++) {
      const writer = writers[1 + Math.floor(random() * (writers.length - 1))]
      if (writer === undefined) continue
      const dice = random()
      if (dice < 0.12) {
        const result = await runPlain(PROJECT, adapter)
        expect(result.status).toBe('success')
        const rows = await sql<{ id: number }>('select id from shop.copied order by id')
        expect(
          rows.map((row) => row.id),
          `seed ${seed}`,
        ).toEqual([...committed].sort((a, b) => a - b))
      } else if (!writer.isOpen) {
        await writer.client.query('begin')
        writer.isOpen = true
      } else if (dice < 0.6) {
        const id = nextId++
        const isUndone = random() < 0.2
        if (isUndone) await writer.client.query('savepoint s')
        await writer.client.query('insert into raw.events (id) values ($1)', [id])
        if (isUndone) await writer.client.query('rollback to s')
        else writer.written.push(id)
      } else {
        const isKept = random() < 0.75
        await writer.client.query(isKept ? 'commit' : 'rollback')
        if (isKept) committed.push(...writer.written)
        writer.written = []
        writer.isOpen = false
      }
    }
    for (const writer of writers) {
      await writer.client.query('commit')
      committed.push(...writer.written)
    }
    committed.push(0)
    await runPlain(PROJECT, adapter)
    const expected = [...committed].sort((a, b) => a - b)
    const idsOf = async (table: string): Promise<number[]> =>
      (await sql<{ id: number }>(`select id from shop.${table} order by id`)).map((row) => row.id)
    expect(await idsOf('copied'), `seed ${seed}`).toEqual(expected)
    expect(await idsOf('appended'), `seed ${seed}`).toEqual(expected)
    expect((await idsOf('by_timestamp')).length, `seed ${seed}`).toBeLessThan(expected.length)
  } finally {
    await adapter.close()
    for (const { client } of writers) await client.end()
  }
})
