import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { Connection } from '../project/project.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject, requestOf, runPlain } from '../testing/plain-project.ts'
import { randomFrom, SEED } from '../testing/random.ts'
import { test } from '../testing/run-fixture.ts'
import { runProject } from './run-project.ts'

const isLong = process.env['GM_LONG'] !== undefined

const LANDED = `create schema raw;
create table raw.events (id int, amount int, _gm_xid xid8 not null default pg_current_xact_id());
create table raw.rounds (n int); insert into raw.rounds values (0)`

/** Two tables of one round each, in many rows, and a view on both: readers can tell when they see two rounds at once. */
const ROUNDS = plainProject({
  rounds: { kind: 'source', schema: 'raw' },
  left_half: {
    config: { materialized: 'table' },
    inputs: ['rounds'],
    sql: ({ ref }) => `select r.n as round, i from ${ref('rounds')} r, generate_series(1, 1000) i`,
  },
  right_half: {
    config: { materialized: 'table' },
    inputs: ['rounds'],
    sql: ({ ref }) => `select r.n as round, i from ${ref('rounds')} r, generate_series(1, 1000) i`,
  },
  both: {
    config: { materialized: 'view' },
    inputs: ['left_half', 'right_half'],
    sql: ({ ref }) =>
      `select l.round as l, r.round as r from ${ref('left_half')} l join ${ref('right_half')} r using (i)`,
  },
})

test('while two tables are published together again and again, one who joins them, one with REPEATABLE READ over several statements and one with an open cursor see one round each, whole, and no error', {
  timeout: 600_000,
}, async ({ connection, sql, run }) => {
  await sql(LANDED)
  await run(ROUNDS, { publish: 'atomic' })
  const over = new AbortController()
  const seen: string[] = []
  const wrong: unknown[] = []
  const reading = (read: (client: pg.Client) => Promise<readonly Round[]>): Promise<void> =>
    withClient(connection, async (client) => {
      while (!over.signal.aborted) {
        const rounds = await read(client)
        const [first] = rounds
        if (first === undefined || rounds.some((one) => !isSame(one, first))) wrong.push(rounds)
        else seen.push(String(first.l))
        await sleep(100)
      }
    })
  const readers = [
    reading(async (client) => (await client.query<Round>(BOTH)).rows),
    reading(async (client) => {
      await client.query('begin isolation level repeatable read')
      const rounds: Round[] = []
      for (const table of ['left_half', 'right_half', 'left_half']) {
        const { rows } = await client.query<Round>(
          `select round as l, round as r, count(*)::int as n from shop.${table} group by round`,
        )
        rounds.push(...rows)
        await sleep(20)
      }
      await client.query('commit')
      return rounds
    }),
    reading(async (client) => {
      await client.query('begin')
      await client.query('declare halves cursor for select l, r, 1000 as n from shop.both')
      const rounds: Round[] = []
      for (;;) {
        const { rows } = await client.query<Round>('fetch 300 from halves')
        if (rows.length === 0) break
        rounds.push(...rows)
        await sleep(10)
      }
      await client.query('commit')
      if (rounds.length !== 1000) wrong.push(`${rounds.length} rows from the cursor`)
      return rounds
    }),
  ]
  const publishes = isLong ? 50 : 10
  try {
    for (let i = 1; i <= publishes; i++) {
      await sql('update raw.rounds set n = $1', [i])
      const { result } = await run(ROUNDS, { publish: 'atomic', publishWaitMs: 60_000 })
      expect(result.steps.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
    }
  } finally {
    over.abort()
    await Promise.all(readers)
  }
  expect(wrong).toEqual([])
  expect(new Set(seen).size).toBeGreaterThan(2)
})

interface Round {
  readonly l: number
  readonly r: number
  readonly n: number
}

const BOTH = 'select l, r, count(*)::int as n from shop.both group by l, r'

function isSame({ l, r, n }: Round, first: Round): boolean {
  return l === first.l && r === first.l && n === 1000
}

/** Appending, merging, recomputing by key, and rebuilding whole, over one landed table. */
const CHAIN = plainProject({
  events: { kind: 'source', schema: 'raw' },
  appended: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['events'],
    sql: ({ changes }) => `select id, amount from ${changes('events')} e`,
  },
  merged: {
    config: { materialized: 'incremental', unique_key: ['id'] },
    changes: ['events'],
    sql: ({ changes }) => `select id, amount from ${changes('events')} e`,
  },
  second: {
    config: { materialized: 'incremental', incremental_strategy: 'append' },
    changes: ['appended'],
    sql: ({ changes }) => `select id from ${changes('appended')} a`,
  },
  summed: {
    config: { materialized: 'table' },
    inputs: ['appended', 'merged'],
    sql: ({ ref }) =>
      `select count(*)::int as n, (select count(*)::int from ${ref('merged')}) as merged from ${ref('appended')}`,
  },
  shown: {
    config: { materialized: 'view' },
    inputs: ['summed'],
    sql: ({ ref }) => `select * from ${ref('summed')}`,
  },
})
const NAMES = ['appended', 'merged', 'second', 'summed', 'shown']

test('pairs of runs over overlapping selections at once, published together or one by one, rebuilt or added to, neither fail nor lose nor double a row', {
  timeout: 600_000,
}, async ({ connection, sql, run }) => {
  await sql(LANDED)
  await run(CHAIN)
  const random = randomFrom(SEED)
  const over = new AbortController()
  let landed = 0
  const landing = withClient(connection, async (client) => {
    while (!over.signal.aborted) {
      await client.query(
        'insert into raw.events select n, n % 7 from generate_series($1::int, $2::int) n',
        [landed, landed + 4],
      )
      landed += 5
      await sleep(30)
    }
  })
  const pairs = isLong ? 20 : 5
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const runs = await Promise.all([0, 1].map(() => someRun(CHAIN, connection, random)))
      const errors = runs.flatMap(({ steps }) => steps.flatMap(({ error }) => error ?? []))
      expect(errors, `seed ${SEED}, pair ${pair}`).toEqual([])
    }
  } finally {
    over.abort()
    await landing
  }
  console.log(`seed ${SEED}: ${pairs} pairs, ${landed} rows`)
  await run(CHAIN)
  const [counts] = await sql(`select
    (select count(*)::int from shop.appended) as appended, (select count(distinct id)::int from shop.appended) as ids,
    (select count(*)::int from shop.merged) as merged, (select count(*)::int from shop.second) as second,
    (select count(distinct id)::int from shop.second) as second_ids, (select n from shop.shown) as shown`)
  expect(counts, `seed ${SEED}`).toEqual({
    appended: landed,
    ids: landed,
    merged: landed,
    second: landed,
    second_ids: landed,
    shown: landed,
  })
  expect(
    await sql('select relation from gm.pending union all select relation from gm.shadows'),
  ).toEqual([])
})

async function someRun(
  project: PlainProject,
  connection: Connection,
  random: () => number,
): ReturnType<typeof runPlain> {
  const from = Math.floor(random() * NAMES.length)
  const select = NAMES.slice(Math.min(from, 2), from + 3)
  const adapter = createPostgresAdapter(connection)
  try {
    return await runPlain(project, adapter, {
      select,
      publish: random() < 0.4 ? 'atomic' : 'model',
      fullRefresh: random() < 0.2,
      publishWaitMs: 30_000,
    })
  } finally {
    await adapter.close()
  }
}

async function withClient(
  { host, port, user, password, database }: Connection,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

test('of two runs that go on with the same one at once one does, and the other says so', async ({
  connection,
  run,
  sql,
}) => {
  const project = plainProject({
    kept: { config: { materialized: 'incremental' }, sql: () => 'select 1 as id' },
  })
  await run(project)
  const adapter = createPostgresAdapter(connection)
  try {
    const goOn = async () =>
      await runProject({
        ...requestOf(project, adapter, {}),
        asked: { flags: {}, publish: 'model', resumes: ['a', 'b'] },
        resumes: ['a', 'b'],
      }).then(
        ({ status }) => status,
        (error: unknown) => String(error),
      )
    const ended = await Promise.all([goOn(), goOn(), goOn()])
    const refused = expect.stringMatching(/GM4017 {2}run b has been gone on with by run /) as string
    expect(ended.sort()).toEqual([refused, refused, 'success'])
    expect(await sql('select id from shop.kept')).toHaveLength(2)
  } finally {
    await adapter.close()
  }
})
