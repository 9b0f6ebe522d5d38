import { expect } from 'vitest'
import type { NodeConfig } from '../manifest/node.ts'
import { plainProject } from '../testing/plain-project.ts'
import { test } from '../testing/plan-fixture.ts'
import type { NodeDiff } from './diff-node.ts'

/** One table of literal rows, and a view and a table on it. */
function shop(rows: string, config: Partial<NodeConfig> = {}) {
  return plainProject({
    people: {
      config: { materialized: 'table', ...config },
      sql: () => rows,
    },
    named: {
      inputs: ['people'],
      sql: ({ ref }) => `select id, name as label from ${ref('people')}`,
    },
    labels: {
      config: { materialized: 'table' },
      inputs: ['named'],
      sql: ({ ref }) => `select id, label from ${ref('named')}`,
    },
  })
}

const values = (text: string): string =>
  `select id, name, age from (values ${text}) as v (id, name, age)`

const KEYED = { indexes: [{ columns: ['id'], unique: true }] }

const counts = ({ rows, key }: NodeDiff): unknown => [
  key?.columns,
  rows?.rowsBefore,
  rows?.rowsAfter,
  rows?.added,
  rows?.removed,
  rows?.changed,
]

const LEFT = `select nspname as name from pg_namespace where nspname like 'gm_diff%' union all select relation from gm.shadows`

test('rows of a changed model are matched by its key: added, removed and changed ones are counted, by column and with samples', async ({
  run,
  diff,
  sql,
}) => {
  await run(shop(values(`(1, 'ann', 30), (2, 'ben', 40), (3, null, 50), (4, 'dan', 60)`), KEYED))
  const { nodes, left, problems } = await diff(
    shop(values(`(1, 'ann', 30), (2, 'Ben', 41), (3, 'cy', 50), (5, 'eve', 70)`), KEYED),
  )
  expect([left, problems]).toEqual([[], []])
  const [people, ...others] = nodes
  expect(others).toEqual([])
  expect(people).toMatchObject({
    name: 'shop.people',
    key: { columns: ['id'], from: 'unique index' },
    rows: {
      rowsBefore: 4,
      rowsAfter: 4,
      added: 1,
      removed: 1,
      changed: 2,
      columns: [
        { name: 'id', changed: 0, sum: { before: '10', after: '11' } },
        { name: 'name', changed: 2 },
        { name: 'age', changed: 1, sum: { before: '180', after: '191' } },
      ],
      samples: {
        added: [['5', 'eve', '70']],
        removed: [['4', 'dan', '60']],
        changed: [
          { before: ['2', 'ben', '40'], after: ['2', 'Ben', '41'] },
          { before: ['3', null, '50'], after: ['3', 'cy', '50'] },
        ],
      },
    },
  })
  expect(
    people?.affected.map(({ column, models }) => [column, models.map((id) => id.split('.')[2])]),
  ).toEqual([
    [undefined, ['named', 'labels']],
    ['name', ['named', 'labels']],
    ['age', []],
  ])
  expect(await sql(LEFT)).toEqual([])
  expect(await sql('select name from shop.people order by id')).toHaveLength(4)
})

test('what lies below is built over the new rows through views that did not change, when it is asked for', async ({
  run,
  diff,
}) => {
  await run(shop(values(`(1, 'ann', 30)`)))
  const { nodes } = await diff(shop(values(`(1, 'bob', 30)`)), { downstream: true })
  expect(nodes.map((node) => [node.name, ...(counts(node) as unknown[])])).toEqual([
    ['shop.people', undefined, 1, 1, 1, 1, 0],
    ['shop.named', undefined, 1, 1, 1, 1, 0],
    ['shop.labels', undefined, 1, 1, 1, 1, 0],
  ])
})

test('a model below that only gets new rows is not compared as if it were built again, unless a full refresh builds it', async ({
  run,
  diff,
}) => {
  const growing = (name: string) =>
    plainProject({
      people: {
        config: { materialized: 'incremental', unique_key: ['id'] },
        sql: () => `select 1 as id, '${name}' as name`,
      },
      greeted: {
        config: { materialized: 'incremental', unique_key: ['id'] },
        changes: ['people'],
        sql: ({ changes }) => `select id, 'hello ' || name as words from ${changes('people')}`,
      },
      words: {
        config: { materialized: 'table' },
        inputs: ['greeted'],
        sql: ({ ref }) => `select words from ${ref('greeted')}`,
      },
    })
  await run(growing('ann'))
  const { nodes, left } = await diff(growing('bob'), { downstream: true })
  expect(nodes.map((node) => [node.name, node.rows?.changed, node.notes])).toEqual([
    [
      'shop.people',
      1,
      [
        'a run adds rows by the new code and leaves those that are there: they differ so with --full-refresh',
      ],
    ],
    ['shop.words', 0, []],
  ])
  expect(left).toEqual([
    {
      id: 'model.shop.greeted',
      reason: 'its code is as it was, and it only gets new rows; --full-refresh builds it again',
    },
  ])
  const whole = await diff(growing('bob'), { downstream: true }, { fullRefresh: true })
  expect(whole.nodes.map(({ rows }) => [rows?.changed, rows?.added])).toEqual([
    [1, 0],
    [1, 0],
    [0, 1],
  ])
  expect(whole.left).toEqual([])
})

test('without a key that holds, rows are compared as wholes with how often each is there, and the reason is told', async ({
  run,
  diff,
}) => {
  const model = { unique_key: ['id'] }
  await run(shop(values(`(1, 'a', 1), (1, 'a', 1), (2, null, null)`), model))
  const { nodes } = await diff(
    shop(values(`(1, 'a', 1), (2, null, null), (2, null, null), (3, 'c', 3)`), model),
  )
  expect(nodes.map(counts)).toEqual([[undefined, 3, 4, 2, 1, 0]])
  expect(nodes[0]?.notes).toEqual(['id (unique_key) does not identify the rows that are there'])
})

test('values of personal columns never leave the database, nor those of columns that are made from them', async ({
  run,
  diff,
}) => {
  const marked = (rows: string) => {
    const project = shop(rows, KEYED)
    const nodes = new Map(project.manifest.nodes)
    for (const node of nodes.values()) {
      if (node.name !== 'people') continue
      const name = { name: 'name', description: '', meta: { pii: true }, tags: [] }
      nodes.set(node.id, { ...node, columns: new Map([['name', name]]) })
    }
    return { ...project, manifest: { ...project.manifest, nodes } }
  }
  await run(marked(values(`(1, 'ann', 30)`)))
  const report = await diff(marked(values(`(1, 'bob', 30), (2, null, 1)`)), { downstream: true })
  expect(JSON.stringify(report)).not.toMatch(/ann|bob/)
  expect(report.nodes[0]?.rows?.samples.changed).toEqual([
    { before: ['1', '***', '30'], after: ['1', '***', '30'] },
  ])
  expect(report.nodes[0]?.rows?.samples.added).toEqual([['2', null, '1']])
})

test('columns that come, go or change their type are told, and the others compared', async ({
  run,
  diff,
}) => {
  await run(shop(`select 1 as id, 'x' as name, '{"a":1}'::json as doc, 7 as gone, 1.5 as n`, KEYED))
  const { nodes } = await diff(
    shop(
      `select 1 as id, 'x' as name, '{"a":2}'::json as doc, '1.5'::text as n, 9 as fresh`,
      KEYED,
    ),
  )
  expect(nodes[0]).toMatchObject({
    shape: {
      added: [{ name: 'fresh' }],
      removed: [{ name: 'gone' }],
      retyped: [{ name: 'n', type: 'text', before: 'numeric' }],
    },
    rows: { changed: 1, columns: [{}, {}, { name: 'doc', changed: 1 }, { name: 'n', changed: 0 }] },
  })
  const ignored = await diff(
    shop(`select 1 as id, 'x' as name, '{"a":2}'::json as doc, 7 as gone, 1.5 as n`, KEYED),
    { ignoreColumns: ['doc'] },
  )
  expect(ignored.nodes[0]?.rows?.changed).toBe(0)
})

test.for([
  ['raw.document', '{"n":1}', '{"n":2}'],
  ['raw.pair', '(1,2)', '(1,3)'],
  ['raw.pair[]', '{"(1,2)"}', '{"(1,3)"}'],
] as const)(
  'a column of type %s, whose values the server cannot compare, is compared as text, by key and by rows as wholes',
  async ([type, before, after], { run, diff, sql }) => {
    await sql(`create schema raw; create domain raw.document as json;
create type raw.pair as (a int, b json)`)
    for (const config of [KEYED, {}]) {
      const project = (value: string, where = '') =>
        shop(`select 1 as id, 'x' as name, '${value}'::${type} as doc${where}`, config)
      await run(project(before), { fullRefresh: true })
      const same = await diff(project(before, ' where true'))
      const other = await diff(project(after))
      expect([...same.problems, ...other.problems]).toEqual([])
      expect(same.nodes[0]?.rows).toMatchObject({ added: 0, removed: 0, changed: 0 })
      const changed = config === KEYED ? { changed: 1 } : { added: 1, removed: 1 }
      expect(other.nodes[0]?.rows).toMatchObject(changed)
    }
  },
)

test('with a limit the same share of keys is compared on both sides: what is the same stays the same', async ({
  run,
  diff,
  sql,
}) => {
  const many = (factor: string) =>
    shop(
      `select g as id, 'n' || g as name, ${factor} as age from generate_series(1, 5000) g`,
      KEYED,
    )
  await run(many('g'))
  await sql('analyze shop.people')
  const { nodes } = await diff(many('case when g % 2 = 0 then g else -g end'), { limit: 500 })
  const [people] = nodes
  expect(people?.parts).toBe(10)
  const { rowsBefore = 0, rowsAfter, added, removed, changed = 0 } = people?.rows ?? {}
  expect(rowsBefore).toBeGreaterThan(300)
  expect(rowsBefore).toBeLessThan(700)
  expect([rowsAfter, added, removed]).toEqual([rowsBefore, 0, 0])
  expect(changed).toBeGreaterThan(rowsBefore / 3)
})

test('an incremental model is built whole from its inputs, without a mark or a row of the ledger; a new model has nothing to compare with', async ({
  run,
  diff,
  sql,
}) => {
  await sql(`create schema raw; create table raw.events (id int, v int, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.events values (1, 1), (2, 2)`)
  const project = (factor: number, isNewThere = false) =>
    plainProject({
      events: { kind: 'source', schema: 'raw' },
      facts: {
        config: { materialized: 'incremental', unique_key: ['id'] },
        changes: ['events'],
        sql: ({ changes }) => `select id, v * ${factor} as v from ${changes('events')} e`,
      },
      ...(isNewThere && { other: { sql: () => 'select 1 as x' } }),
    })
  await run(project(1))
  const ledger =
    'select (select jsonb_agg(m) from gm.marks m) as m, (select jsonb_agg(r) from gm.relations r) as r'
  const before = await sql(ledger)
  const { nodes } = await diff(project(10, true))
  const [other, facts] = nodes
  expect(facts && counts(facts)).toEqual([['id'], 2, 2, 0, 0, 2])
  expect(other).toMatchObject({
    name: 'shop.other',
    rows: undefined,
    notes: ['nothing to compare with; rows that it would have: 1'],
  })
  expect(await sql(ledger)).toEqual(before)
  expect(await sql(LEFT)).toEqual([])
})

test('a model that fails leaves what reads it aside; kept tables stay, and what a kill left goes with the next comparison', async ({
  run,
  diff,
  sql,
}) => {
  await run(shop(values(`(1, 'ann', 30)`)))
  const failed = await diff(shop(`select 1 / 0 as id, 'a' as name, 1 as age`), { downstream: true })
  expect(failed.problems.map(({ error }) => error.message)).toEqual(['division by zero'])
  expect(failed.left.map(({ reason }) => reason)).toEqual([
    'people could not be built',
    'named could not be built',
  ])
  expect(await sql(LEFT)).toEqual([])
  const { kept } = await diff(shop(values(`(1, 'bob', 30)`)), { keep: true })
  expect(await sql(`select name from "${String(kept)}".people`)).toEqual([{ name: 'bob' }])
  // As a process leaves it that was killed while it compared.
  await sql(`create schema gm_diff_dead; create table gm_diff_dead.people ();
    insert into gm.shadows (relation, target, run_id) values ('"gm_diff_dead"."people"', '"shop"."people"', 'dead')`)
  await diff(shop(values(`(1, 'bob', 30)`)))
  expect(await sql(LEFT)).toEqual([{ name: kept }])
})

test('other tables can be compared with, also those of nodes that are up to date here', async ({
  run,
  diff,
  sql,
}) => {
  const project = shop(values(`(1, 'ann', 30)`), KEYED)
  await run(project)
  await sql(
    `create schema prod; create table prod.people as select 1 as id, 'old' as name, 30 as age`,
  )
  const { nodes } = await diff(project, {
    against: ({ relation }) => ({ schema: 'prod', identifier: relation.identifier }),
  })
  expect(nodes.map((node) => [node.name, node.with, node.rows?.added])).toEqual([
    ['shop.people', 'prod.people', 1],
    ['shop.named', undefined, undefined],
    ['shop.labels', undefined, undefined],
  ])
})

test('a column to leave out that no table has is refused with the nearest, and one that only others have is not', async ({
  run,
  diff,
  sql,
}) => {
  await run(shop(values(`(1, 'ann', 30)`)))
  const changed = shop(values(`(1, 'ann', 31)`))
  await expect(diff(changed, { ignoreColumns: ['aeg'] })).rejects.toMatchObject({
    code: 'GM1010',
    message: 'no table of the project has the column "aeg"',
    hint: 'Did you mean "age"?',
  })
  expect(await sql(LEFT)).toEqual([])
  const { nodes } = await diff(changed, { ignoreColumns: ['label', 'age'] })
  expect(nodes.map(counts)).toEqual([[undefined, 1, 1, 0, 0, 0]])
})

test('a microbatch model is compared with the batches that a full refresh would make', async ({
  run,
  diff,
  sql,
}) => {
  await sql(`create schema raw;
    create table raw.events (id int, at timestamptz, _gm_xid xid8 not null default pg_current_xact_id());
    insert into raw.events values (1, '2025-12-31'), (2, '2026-01-01'), (3, '2026-01-02'), (4, '2027-01-01'), (5, null)`)
  const project = (label: string) =>
    plainProject({
      events: { kind: 'source', schema: 'raw', config: { event_time: 'at' } },
      daily: {
        config: {
          materialized: 'incremental',
          incremental_strategy: 'microbatch',
          event_time: 'at',
          batch_size: 'day',
          begin: '2026-01-01',
          unique_key: ['id'],
        },
        inputs: ['events'],
        sql: ({ ref }) => `select id, at, '${label}' as label from ${ref('events')} e`,
      },
    })
  const now = new Date('2026-01-03T00:00:00Z')
  await run(project('old'), { now })
  const { nodes, problems } = await diff(project('new'), {}, { now })
  expect(problems).toEqual([])
  expect(nodes.map(counts)).toEqual([[['id'], 2, 2, 0, 0, 2]])
})

test('floating point numbers are summed whatever the sum comes to', async ({ run, diff }) => {
  const two = (of: string): string =>
    `select id, 1e308::double precision * ${of} as age, 'x' as name from generate_series(1, 2) as id`
  await run(shop(two('1'), KEYED))
  const { nodes } = await diff(shop(two('-1'), KEYED))
  const age = nodes[0]?.rows?.columns.find(({ name }) => name === 'age')
  expect(age).toMatchObject({
    changed: 2,
    sum: { before: `2${'0'.repeat(308)}`, after: `-2${'0'.repeat(308)}` },
  })
})

test.for([{ ...KEYED }, {}])(
  'with a limit numbers that are equal are in the same share, however they are written: %j',
  async (config, { run, diff, sql }) => {
    const many = (zeros: string) =>
      shop(
        `select (g || '.${zeros}')::numeric as id, 'x' as name from generate_series(1, 1000) g`,
        config,
      )
    await run(many('0'))
    await sql('analyze shop.people')
    const { nodes } = await diff(many('00'), { limit: 100 })
    expect(nodes[0]?.parts).toBe(10)
    expect(nodes[0]?.rows).toMatchObject({ added: 0, removed: 0, changed: 0 })
  },
)

test('columns that are sorted by other rules are compared, keys among them', async ({
  run,
  diff,
}) => {
  const sorted = (key: string, name: string) =>
    shop(`select 'a' collate "${key}" as id, 'b' collate "${name}" as name`, KEYED)
  await run(sorted('C', 'POSIX'))
  const { nodes, problems } = await diff(sorted('POSIX', 'C'))
  expect(problems).toEqual([])
  expect(nodes.map(counts)).toEqual([[['id'], 1, 1, 0, 0, 0]])
})

test('a table that cannot be compared is a problem with its place, and the others are compared', async ({
  run,
  diff,
  sql,
}) => {
  await sql('create schema raw; create table raw.documents as select 1 as n')
  const project = (n: number) =>
    plainProject({
      documents: {
        config: { materialized: 'view' },
        sql: () => `select ${n} / d.n as doc from raw.documents as d`,
      },
      people: { config: { materialized: 'table' }, sql: () => `select ${n} as id` },
    })
  await run(project(1))
  await sql('update raw.documents set n = 0')
  const { nodes, problems } = await diff(project(2))
  expect(nodes.map(({ name }) => name)).toEqual(['shop.people'])
  expect(problems.map(({ error }) => String(error))).toEqual([
    'models/documents.sql:1:1  GM4001  division by zero',
  ])
  expect(await sql(LEFT)).toEqual([])
})
