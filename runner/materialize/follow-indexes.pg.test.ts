import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/run-fixture.ts'

const LANDED = `create schema raw;
create table raw.events (id int, account int, at timestamptz default now(), _gm_xid xid8 not null default pg_current_xact_id());
insert into raw.events values (1, 10), (2, 20)`

function kept(config: Partial<NodeConfig>, kind: 'model' | 'snapshot' = 'model') {
  return plainProject({
    events: { kind: 'source', schema: 'raw' },
    kept: {
      kind,
      config: { ...(kind === 'model' && { materialized: 'incremental' }), ...config },
      ...(config.strategy === 'check' ? { inputs: ['events'] } : { changes: ['events'] }),
      sql: ({ ref, changes }) =>
        `select id, account, at from ${config.strategy === 'check' ? ref('events') : changes('events')} e`,
    },
  })
}

const INDEXES = `select regexp_replace(indexdef, '^CREATE (.*)INDEX (.*) ON .* USING', '\\1\\2') as index from pg_indexes
where tablename = 'kept' and indexname !~ '_gm_|_dbt|_sk_|effective|is_current|_holds' order by indexname`

test('an incremental table gets the indexes that its configuration gains, of another type or uniqueness too, and loses those it has no more; one made by hand stays', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  const having = async (indexes: NodeConfig['indexes']): Promise<unknown[]> => {
    const { steps } = await run(kept({ unique_key: ['id'], indexes }))
    expect(Object.values(steps).join()).toMatch(/success/)
    return (await sql(INDEXES)).map(({ index }) => index)
  }
  const key = 'UNIQUE kept_id_key btree (id)'
  expect(await having([{ columns: ['account'] }])).toEqual([
    'kept_account_idx btree (account)',
    key,
  ])
  expect(await having([{ columns: ['account'] }, { columns: ['account'], type: 'hash' }])).toEqual([
    'kept_account_hash_idx hash (account)',
    'kept_account_idx btree (account)',
    key,
  ])
  expect(await having([{ columns: ['account'], unique: true }])).toEqual([
    'UNIQUE kept_account_key btree (account)',
    key,
  ])
  // Not wanted as a unique one any more: it would go on refusing rows.
  await sql('insert into raw.events values (3, 10); create index kept_at_idx on shop.kept (at)')
  expect(await having([{ columns: ['account'] }])).toEqual([
    'kept_account_idx btree (account)',
    'kept_at_idx btree (at)',
    key,
  ])
  expect(await having([])).toEqual(['kept_at_idx btree (at)', key])
  expect(await sql('select count(*)::int as n from shop.kept')).toEqual([{ n: 3 }])
})

test('another unique_key has its own index, and the old key refuses no row any more', async ({
  run,
  sql,
}) => {
  await sql(LANDED)
  await run(kept({ unique_key: ['id'] }))
  await sql('insert into raw.events values (1, 30)')
  await run(kept({ unique_key: ['account'] }))
  expect(await sql('select id, account from shop.kept order by account')).toEqual([
    { id: 1, account: 10 },
    { id: 2, account: 20 },
    { id: 1, account: 30 },
  ])
  expect((await sql(INDEXES)).map(({ index }) => index)).toEqual([
    'UNIQUE kept_account_key btree (account)',
  ])
})

test.for([
  ['check', { strategy: 'check', check_cols: ['account'], unique_key: ['id'] }],
  [
    'events',
    {
      strategy: 'events',
      updated_at: 'at',
      check_cols: ['account'],
      unique_key: ['id'],
    },
  ],
] satisfies [string, Partial<NodeConfig>][])(
  'a history (%s) follows its indexes, also where a copy was published in its place',
  async ([_strategy, given], { run, sql }) => {
    await sql(LANDED)
    const having = async (
      indexes: NodeConfig['indexes'],
      publish: 'model' | 'atomic',
    ): Promise<unknown[]> => {
      await sql('insert into raw.events select max(id) + 1, 1 from raw.events')
      const { steps } = await run(kept({ ...given, indexes }, 'snapshot'), { publish })
      expect(Object.values(steps).join()).toMatch(/success/)
      return (await sql(INDEXES)).flatMap(({ index }) =>
        /account/.test(String(index)) ? [index] : [],
      )
    }
    expect(await having([{ columns: ['account'] }], 'model')).toEqual([
      'kept_account_idx btree (account)',
    ])
    const both: NodeConfig['indexes'] = [
      { columns: ['account'] },
      { columns: ['account'], type: 'hash' },
    ]
    expect(await having(both, 'atomic')).toEqual([
      'kept_account_hash_idx hash (account)',
      'kept_account_idx btree (account)',
    ])
    expect(await having(both.slice(1), 'atomic')).toEqual(['kept_account_hash_idx hash (account)'])
    expect(await having([], 'model')).toEqual([])
  },
)
