import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { gm } from '../gm.ts'
import { test } from './screen-fixture.ts'

const ONE_THREAD = 'name: shop\nthreads: 1\n'

/** Mistakes in data and in what stands in the warehouse; `before` is how it came to be there. */
const CASES: readonly {
  readonly title: string
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  /** SQL of somebody else: before gm has run for the first time, or between two runs. */
  readonly alreadyThere?: string
  readonly between?: string
  readonly args?: readonly string[]
}[] = [
  {
    title: 'a seed with a quote that is never closed shows the line where it opens',
    name: 'seed-broken-quote',
    files: { 'seeds/countries.csv': 'code,name\nDE,Germany\nFR,"France\nIT,Italy\n' },
  },
  {
    title: 'a seed with a line of too many fields shows that line',
    name: 'seed-too-many-fields',
    files: { 'seeds/countries.csv': 'code,name\nDE,Germany\nFR,France,Paris\n' },
  },
  {
    title: 'a value of a seed that its type does not take shows its line',
    name: 'seed-wrong-type',
    files: {
      'seeds/countries.csv': 'code,people\nDE,83000000\nFR,many\n',
      'seeds/schema.yml':
        'seeds:\n  - name: countries\n    config:\n      column_types: {people: bigint}\n',
    },
  },
  {
    title: 'a key that comes twice in a merge is named',
    name: 'merge-duplicate-key',
    files: {
      'models/customers.sql':
        "{{ config(materialized='incremental', unique_key='id') }}\nselect id from (values (1), (2), (2)) as v (id)\n",
    },
  },
  {
    title: 'a null in the key of a merge is named',
    name: 'merge-null-key',
    files: {
      'models/customers.sql':
        "{{ config(materialized='incremental', unique_key='id') }}\nselect id from (values (1), (null)) as v (id)\n",
    },
  },
  {
    title: 'a null in the key or the time of a history is named',
    name: 'history-null',
    files: {
      'snapshots/dim_products.sql': `{{ config(
    strategy='events', unique_key='id', updated_at='at', check_cols=['name'], surrogate_key='sk'
) }}
select id, at::timestamptz as at, name
from (values (1, '2011-01-01', 'cup'), (2, null, 'pot')) as v (id, at, name)
`,
    },
  },
  {
    title:
      "somebody else's view on a table that must be replaced stops that table, and names the view",
    name: 'foreign-view',
    files: {
      'models/orders.sql': "{{ config(materialized='table') }}\nselect 1 as id, 'x' as status\n",
    },
    between: 'create view public.report as select id from public.orders',
    args: ['build', '--force'],
  },
  {
    title: 'a table that somebody put in the place of a view of gm is left alone',
    name: 'foreign-table',
    files: { 'models/orders.sql': "{{ config(materialized='view') }}\nselect 1 as id\n" },
    between: 'drop view public.orders; create table public.orders (id int)',
  },
  {
    title: 'a table of the same name that was there before is left alone',
    name: 'table-was-there',
    files: { 'models/orders.sql': "{{ config(materialized='table') }}\nselect 1 as id\n" },
    alreadyThere: 'create table public.orders as select 7 as id',
  },
  {
    title:
      'failing data tests show how many rows fail and how to see them; a warning does not fail the run',
    name: 'failing-tests',
    files: {
      'models/orders.sql':
        "select * from (values (1, 'shipped'), (1, 'lost'), (null, 'sent')) as v (id, status)\n",
      'models/schema.yml': `models:
  - name: orders
    columns:
      - name: id
        data_tests:
          - unique
          - not_null:
              config: {severity: warn}
      - name: status
        data_tests:
          - accepted_values:
              arguments: {values: [shipped, sent]}
`,
      'models/revenue.sql': "select count(*) as orders from {{ ref('orders') }}\n",
    },
  },
]

describe('what a user sees of mistakes in data', () => {
  for (const { title, name, files, alreadyThere, between, args } of CASES) {
    test(title, async ({ project, screen, env, sql }) => {
      const root = await project({ 'project.yml': ONE_THREAD, ...files })
      if (alreadyThere !== undefined) await sql(alreadyThere)
      if (between !== undefined) {
        await gm(root, ['build'], env)
        await sql(between)
      }
      await screen(name, { root, args: args ?? ['build'] })
    })
  }

  test('an incremental model that becomes a view is refused, and its rows stay', async ({
    project,
    env,
    screen,
  }) => {
    const root = await project({
      'models/orders.sql': "{{ config(materialized='incremental') }}\nselect 1 as id\n",
    })
    await gm(root, ['build'], env)
    await writeFile(join(root, 'models/orders.sql'), 'select 1 as id\n')
    await screen('kind-changed', { root, args: ['build'] })
  })

  test('the hint about a table that was there, when followed, lets gm replace it', async ({
    project,
    env,
    sql,
  }) => {
    const root = await project({ 'models/orders.sql': 'select 1 as id\n' })
    await sql('create table public.orders as select 7 as id')
    await gm(root, ['build'], env, 2)
    expect(await sql('select id from public.orders')).toEqual([{ id: 7 }])
    await gm(root, ['build', '--full-refresh'], env)
    expect(await sql('select id from public.orders')).toEqual([{ id: 1 }])
  })

  test('the hint of a failing test, when followed, shows the failing rows', async ({
    project,
    screen,
    env,
  }) => {
    const root = await project({
      'project.yml': ONE_THREAD,
      'models/orders.sql': 'select * from (values (1), (1), (2)) as v (id)\n',
      'models/schema.yml':
        'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests: [unique]\n',
    })
    const { stdout } = await gm(root, ['build'], env, 1)
    const hint = /hint: To see them: gm (.*)$/m.exec(stdout)?.[1]?.split(' ') ?? []
    expect(hint.length).toBeGreaterThan(1)
    await screen('failing-rows', { root, args: hint })
  })
})
