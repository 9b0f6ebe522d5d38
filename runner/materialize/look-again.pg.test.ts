import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { NodeConfig } from '../manifest/node.ts'
import { readState } from '../state/read-state.ts'
import { REBASE_MARKS } from '../state/rebase-marks.ts'
import type { PlainProject, RunOptions } from '../testing/plain-project.ts'
import { plainProject, planPlain, runPlain } from '../testing/plain-project.ts'
import { randomBelow, SEED } from '../testing/random.ts'
import type { Ran } from '../testing/run-fixture.ts'
import { test as withRuns } from '../testing/run-fixture.ts'
import { createLedger, openClient } from '../testing/sql-fixture.ts'

function prices(config: Partial<NodeConfig> = {}, query?: string): PlainProject {
  return plainProject({
    goods: { kind: 'source', schema: 'raw' },
    prices: {
      kind: 'snapshot',
      config: { unique_key: ['id'], strategy: 'check', check_cols: ['price'], ...config },
      inputs: ['goods'],
      sql: ({ ref }) => query ?? `select * from ${ref('goods')}`,
    },
  })
}

interface Fixture {
  /** Looks at the rows as `gm snapshot` does. */
  look: (project?: PlainProject) => Promise<Ran>
  /** Whether the next look would leave out rows. */
  leavesOut: (project?: PlainProject, options?: RunOptions) => Promise<boolean>
}

const test = withRuns.extend<Fixture>({
  look: async ({ run }, use) => {
    await use((project = prices()) => run(project, { reuse: 'models' }))
  },
  leavesOut: async ({ connection }, use) => {
    await use(async (project = prices(), options = {}) => {
      const adapter = createPostgresAdapter(connection)
      try {
        const plan = await planPlain(project, adapter, { reuse: 'models', ...options })
        return JSON.stringify(plan).includes('age(xmin)')
      } finally {
        await adapter.close()
      }
    })
  },
})

const GOODS = `create schema raw;
create table raw.goods (id int, name text, price int);
insert into raw.goods select n, 'good ' || n, n from generate_series(1, 4) as n`

const HOLDING = 'select id, price from shop.prices where dbt_valid_to is null order by id'

test('once a look has compared all rows, the next one compares those that were written since, and finds the same', async ({
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  expect(await leavesOut()).toBe(false)
  expect((await look()).steps).toEqual({ prices: 'update history: success +0 ~0' })
  expect(await leavesOut()).toBe(true)
  await sql(`update raw.goods set price = 20 where id = 2; update raw.goods set name = 'x' where id = 3;
    insert into raw.goods values (5, 'new', 5); delete from raw.goods where id = 4`)
  expect((await look()).steps).toEqual({ prices: 'update history: success +2 ~1' })
  expect(await sql(HOLDING)).toEqual([
    { id: 1, price: 1 },
    { id: 2, price: 20 },
    { id: 3, price: 3 },
    { id: 4, price: 4 },
    { id: 5, price: 5 },
  ])
  expect((await look()).steps).toEqual({ prices: 'update history: success +0 ~0' })
})

test('gm state lists the looks that are gone on from; it and a plan can do without the table of an older gm', async ({
  connection,
  look,
  leavesOut,
  sql,
}) => {
  await sql(`${GOODS}; create table raw.prepared (like raw.goods)`)
  await look()
  await look()
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  const marks = async () => (await readState(session))?.marks
  try {
    expect(await marks()).toMatchObject([
      { relation: '"shop"."prices"', input: '"raw"."goods"', unreadRows: undefined },
    ])
    await sql('alter table raw.prepared inherit raw.goods')
    expect(await marks()).toEqual([])
    // As an older gm has left it.
    await sql('drop table gm.looks')
    expect(await marks()).toEqual([])
    expect(await leavesOut()).toBe(false)
  } finally {
    await session.close()
    await adapter.close()
  }
})

test('--force and --full-refresh compare all rows again', async ({ look, leavesOut, sql }) => {
  await sql(GOODS)
  await look()
  await look()
  expect(await leavesOut(prices(), {})).toBe(true)
  expect(await leavesOut(prices(), { reuse: 'none' })).toBe(false)
  expect(await leavesOut(prices(), { fullRefresh: true })).toBe(false)
})

test.for<[what: string, config: Partial<NodeConfig>, query?: string | undefined, before?: string]>([
  ['rows that are gone count', { hard_deletes: 'invalidate' }],
  ['the query is more than the table', {}, 'select id, name, price from raw.goods'],
  ['a hook of the user may change what is kept', { post_hook: [{ sql: '', transaction: true }] }],
  ['the user has set what SQL means', { sql_header: '' }],
  [
    'values are computed as they are read',
    { check_cols: ['price', 'twice'] },
    undefined,
    'alter table raw.goods add column twice int generated always as (price * 2) virtual',
  ],
  [
    'the table has parts',
    {},
    undefined,
    `alter table raw.goods rename to part; create table raw.goods (like raw.part) partition by list (id);
     alter table raw.goods attach partition raw.part default`,
  ],
  [
    'the rows are those of a view',
    {},
    undefined,
    'alter table raw.goods rename to part; create view raw.goods as select * from raw.part',
  ],
])(
  'all rows are compared each time where %s',
  async ([, config, query, before], { look, leavesOut, sql }) => {
    await sql(GOODS)
    if (before !== undefined) await sql(before)
    const project = prices(config, query)
    for (let times = 0; times < 3; times++) await look(project)
    expect(await leavesOut(project)).toBe(false)
    await sql(
      `update raw.${before?.includes('part') === true ? 'part' : 'goods'} set price = 9 where id = 1`,
    )
    expect((await look(project)).steps).toEqual({ prices: 'update history: success +1 ~1' })
  },
)

test('a look that has compared other columns, or by another rule, is not gone on from', async ({
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  await look()
  await sql(`update raw.goods set name = 'other' where id = 1`)
  await look()
  const others = prices({ check_cols: ['name'] })
  expect(await leavesOut(others)).toBe(false)
  await look(others)
  expect(await sql(`select name from shop.prices where id = 1 and dbt_valid_to is null`)).toEqual([
    { name: 'other' },
  ])
})

/** What changes rows, or which rows there are, and leaves no younger transaction on all of them. */
const BEHIND: readonly [what: string, change: string][] = [
  [
    'a column that was dropped and added again has another default',
    `alter table raw.goods drop column price; alter table raw.goods add column price int default 77`,
  ],
  [
    'another table has taken the name',
    `alter table raw.goods rename to gone; alter table raw.prepared rename to goods`,
  ],
  ['another table has been made a child', `alter table raw.prepared inherit raw.goods`],
  [
    'other values are equal than before',
    `alter table raw.goods alter column name type text collate "C"`,
  ],
  [
    'the rows were rewritten as others',
    `alter table raw.goods alter column price type int using price * 100`,
  ],
  ['a version was ended by hand', `update shop.prices set dbt_valid_to = now() where id = 1`],
  ['a version was changed by hand', `update shop.prices set price = -1 where id = 2`],
  ['a version was deleted by hand', `delete from shop.prices where id = 3`],
  [
    'the versions were rewritten as others',
    'alter table shop.prices alter column price type int using price * 100',
  ],
  [
    'nobody sees any more who changes versions by hand',
    'alter table shop.prices disable trigger user; update shop.prices set price = -1 where id = 2',
  ],
  [
    'nobody saw for a moment who changed versions by hand',
    `alter table shop.prices disable trigger user; update shop.prices set price = -1 where id = 2;
     alter table shop.prices enable always trigger gm_touched`,
  ],
  [
    'the trigger that sees it was made anew',
    `drop trigger gm_touched on shop.prices; update shop.prices set price = -1 where id = 2;
     create trigger gm_touched after insert or update or delete or truncate on shop.prices
       for each statement execute function gm.note_touch();
     alter table shop.prices enable always trigger gm_touched`,
  ],
  [
    'a version was changed as replicas do it',
    `set session_replication_role = replica; update shop.prices set price = -1 where id = 2;
     reset session_replication_role`,
  ],
  [
    'a version was changed through a parent of the history',
    `create table shop.every (like shop.prices); alter table shop.prices inherit shop.every;
     update shop.every set price = -1 where id = 2`,
  ],
  [
    'a version was deleted through a table that the history has become a part of',
    `create table shop.every (like shop.prices) partition by list (id);
     alter table shop.every attach partition shop.prices default;
     delete from shop.every where id = 2`,
  ],
  ['the history was emptied', `truncate shop.prices`],
  [
    'the history was put back from a copy',
    `create table shop.copy (like shop.prices including all);
     insert into shop.copy select * from shop.prices where id < 3;
     drop table shop.prices;
     alter table shop.copy rename to prices`,
  ],
]

/** What may change versions, or the versions that there are, and is not noticed when it does. */
test.for<[what: string, before: string]>([
  [
    'versions lie in a child of the history',
    `create table shop.archive () inherits (shop.prices);
     with moved as (delete from only shop.prices where id = 2 returning *)
     insert into shop.archive select * from moved`,
  ],
  ['a crash empties the history', 'alter table shop.prices set unlogged'],
  [
    'a trigger of the user changes what a step writes',
    `create function public.nothing() returns trigger language plpgsql as $$ begin return null; end $$;
     create trigger own before insert on shop.prices for each row when (new.id = 9) execute function public.nothing()`,
  ],
  [
    'a rule of the user changes what a step writes',
    'create rule own as on insert to shop.prices where new.id = 9 do instead nothing',
  ],
  [
    'somebody else holds the history to make its trigger sure',
    'alter table shop.prices enable trigger gm_touched',
  ],
])('nothing is left out where %s', async ([what, before], { connection, look, leavesOut, sql }) => {
  await sql(GOODS)
  await look()
  await sql(before)
  const other = await openClient(connection)
  try {
    if (what.startsWith('somebody')) {
      await other.query('begin; lock table shop.prices in row exclusive mode')
    }
    await look()
    await look()
    expect(await leavesOut()).toBe(false)
  } finally {
    await other.end()
  }
})

test('a trigger that replicas do not fire is made sure, and the look after that is gone on from', async ({
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  for (const change of [
    'alter table shop.prices enable trigger gm_touched',
    'drop trigger gm_touched on shop.prices',
  ]) {
    await sql(change)
    await look()
    expect(await leavesOut()).toBe(false)
    await look()
    expect(await leavesOut()).toBe(true)
  }
})

test('rows that a policy has hidden from the look are found when it is switched off', async ({
  connection,
  sql,
}) => {
  const role = `gm_looker_${connection.database}`
  await createLedger(sql)
  await sql(`${GOODS};
    create role ${role} login password 'looks';
    grant create on database ${connection.database} to ${role};
    grant usage on schema raw to ${role}; grant select on raw.goods to ${role};
    grant all on schema gm to ${role}; grant all on all tables in schema gm to ${role};
    alter table raw.goods enable row level security;
    create policy few on raw.goods using (id < 3)`)
  const adapter = createPostgresAdapter({ ...connection, user: role, password: 'looks' })
  const look = async () =>
    (await runPlain(prices(), adapter, { reuse: 'models' })).steps.map(
      ({ status, counts }) => `${status} +${counts.inserted}`,
    )
  try {
    expect(await look()).toEqual(['success +2'])
    expect(await look()).toEqual(['success +0'])
    await sql('alter table raw.goods disable row level security')
    expect(await look()).toEqual(['success +2'])
  } finally {
    await adapter.close()
    await sql(`drop owned by ${role}; drop role ${role}`)
  }
})

test.for(BEHIND)('nothing is left out when %s', async ([, change], { look, leavesOut, sql }) => {
  await sql(GOODS)
  // Its rows are older than the looks.
  await sql(
    `create table raw.prepared as select id + 10 as id, name, price + 100 as price from raw.goods`,
  )
  await look()
  await look()
  expect(await leavesOut()).toBe(true)
  await sql(change)
  expect(await leavesOut()).toBe(false)
  expect(Object.values((await look()).steps)[0]).toMatch(/^update history: success/)
  expect(
    await sql(`select g.id, g.price, h.price as held from raw.goods g
      left join shop.prices h on h.id = g.id and h.dbt_valid_to is null
      where h.id is null or h.price is distinct from g.price`),
  ).toEqual([])
})

test('what changes between the plan and the look has all rows compared', async ({
  connection,
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  await look()
  expect(await leavesOut()).toBe(true)
  const other = await openClient(connection)
  try {
    await other.query(`begin; lock table raw.goods in access exclusive mode;
      update shop.prices set price = -1 where id = 2`)
    const looking = look()
    await expect
      .poll(() =>
        sql(`select from pg_locks where not granted and relation = 'raw.goods'::regclass`),
      )
      .toHaveLength(1)
    await other.query('commit')
    expect((await looking).steps).toEqual({ prices: 'update history: success +1 ~1' })
  } finally {
    await other.end()
  }
})

test('the look is forgotten with the history, and begins anew with it', async ({
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  await look()
  await sql('drop table shop.prices')
  expect((await look()).steps).toEqual({ prices: 'build history: success +4' })
  expect(await leavesOut()).toBe(false)
  await sql(`delete from gm.relations`)
  expect(await sql('select * from gm.looks')).toEqual([])
})

test('a restored database is not taken for the one that was looked at', async ({
  connection,
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  await look()
  await sql('update gm.cluster set system_identifier = system_identifier + 1')
  await expect(leavesOut()).rejects.toThrow('restored backup')
  const adapter = createPostgresAdapter(connection)
  try {
    const session = await adapter.open()
    await session.transaction(REBASE_MARKS)
    await session.close()
  } finally {
    await adapter.close()
  }
  expect(await leavesOut()).toBe(false)
})

test('a copy that is published in place of the history is compared whole, and then gone on from in place', async ({
  run,
  look,
  leavesOut,
  sql,
}) => {
  await sql(GOODS)
  await look()
  await look()
  for (const price of [20, 30]) {
    await sql(`update raw.goods set price = ${price} where id = 2`)
    const { steps } = await run(prices(), { reuse: 'models', publish: 'atomic' })
    expect(steps).toEqual({ prices: 'update history: success +1 ~1' })
    expect(await leavesOut()).toBe(false)
  }
  expect((await sql('select relation from gm.looks')).length).toBeLessThan(2)
  await look()
  expect(await leavesOut()).toBe(true)
})

test('writers that commit late, roll back or write in savepoints around the looks lose nothing; a mark that forgets who was under way does', async ({
  connection,
  look,
  leavesOut,
  sql,
}) => {
  const below = randomBelow(SEED)
  const WRITERS = 4
  const ROWS = 5
  await sql(`create schema raw; create table raw.goods (id int primary key, name text, price int);
    insert into raw.goods select n, 'good ' || n, 0 from generate_series(0, ${WRITERS * ROWS - 1}) as n;
    create table naive as select id, price from raw.goods;
    create table naive_mark as select pg_snapshot_xmax(pg_current_snapshot()) as upto`)
  await look()
  const writers = await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = await openClient(connection)
      return { client, depth: 0, isOpen: false }
    }),
  )
  let looks = 0
  try {
    for (let round = 0; round < 240; round++) {
      const at = below(WRITERS)
      const writer = writers[at]
      if (writer === undefined) throw new Error('no writer')
      const { client } = writer
      const write = `update raw.goods set price = price + 1 where id = ${at * ROWS + below(ROWS)}`
      switch (below(6)) {
        case 0:
        case 1:
          if (!writer.isOpen) await client.query('begin')
          writer.isOpen = true
          await client.query(write)
          break
        case 2:
          if (!writer.isOpen) break
          writer.depth++
          await client.query(`savepoint s${writer.depth}`)
          await client.query(write)
          break
        case 3:
          if (writer.depth === 0) break
          await client.query(
            below(2) === 0 ? `rollback to s${writer.depth}` : `release s${writer.depth}`,
          )
          writer.depth--
          break
        case 4:
          if (writer.isOpen) await client.query(below(4) === 0 ? 'rollback' : 'commit')
          else await client.query(write)
          writer.isOpen = false
          writer.depth = 0
          break
        default:
          if (below(2) === 0) break
          looks++
          expect((await look()).steps['prices'], `seed ${SEED}`).toMatch(/success/)
          await sql(NAIVE_LOOK)
      }
    }
    for (const { client, isOpen } of writers) if (isOpen) await client.query('commit')
    expect(looks).toBeGreaterThan(5)
    expect(await leavesOut()).toBe(true)
    await look()
    await sql(NAIVE_LOOK)
    const kept = (await sql(HOLDING)) as unknown
    expect(kept, `seed ${SEED}`).toEqual(await sql('select id, price from raw.goods order by id'))
    expect(
      (await sql('select from naive n join raw.goods g using (id) where n.price <> g.price'))
        .length,
      `seed ${SEED}: the control found everything, so the test proves nothing`,
    ).toBeGreaterThan(0)
  } finally {
    for (const { client } of writers) await client.end()
  }
})

/** The control: what comes after the end of the last look's pg_snapshot is new, and nothing else. */
const NAIVE_LOOK = `begin isolation level repeatable read;
update naive n set price = g.price from raw.goods g
where g.id = n.id and age(g.xmin) between 0 and (select age(m.upto::xid) from naive_mark m);
update naive_mark set upto = pg_snapshot_xmax(pg_current_snapshot());
commit`
