import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from './screen-fixture.ts'

const RAW_ORDERS = "select 1 as id, 'shipped' as status, 950 as amount\n"

interface Mistake {
  readonly title: string
  readonly name: string
  readonly files?: Readonly<Record<string, string>>
  /** `build` unless given. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const CASES: readonly Mistake[] = [
  {
    title: 'a target that is not in project.yml names those that are',
    name: 'unknown-target',
    files: {
      'project.yml':
        'name: shop\ntargets:\n  prod: {type: postgres, host: localhost, database: shop, user: me}\n',
    },
    args: ['build', '--target', 'prd'],
  },
  {
    title: 'what dbt has and gm does not is named at its place',
    name: 'not-supported-yet',
    files: {
      'models/orders.yml':
        'models:\n  - name: raw_orders\n    config:\n      static_analysis: strict\n',
    },
  },
  {
    title: 'a real-time database beside the warehouse is refused before anything is written',
    name: 'second-server',
    env: { REALTIME_DB_HOST: 'elsewhere.example' },
  },
  {
    title: 'a package that is listed and not installed says which command installs it',
    name: 'package-not-installed',
    files: { 'packages.yml': 'packages:\n  - local: ../tools\n' },
  },
  {
    title: 'a package that is nowhere is shown where it is asked for',
    name: 'package-nowhere',
    files: { 'packages.yml': 'packages:\n  - local: ../no_such_tools\n' },
    args: ['deps'],
  },
  {
    title: 'a new project is not written over an old one',
    name: 'project-is-there',
    args: ['init', '.', '--template', 'minimal'],
  },
  {
    title: 'a call with arguments that make no sense says what it takes',
    name: 'wrong-arguments',
    files: { 'models/orders.sql': "select * from {{ ref('shop', 'raw_orders', 'id') }}\n" },
  },
  {
    title: 'a snapshot block outside of the snapshots is told where it belongs',
    name: 'snapshot-block-in-model',
    files: {
      'models/kept.sql': '{% snapshot kept %}\nselect 1 as id\n{% endsnapshot %}\n',
    },
  },
  {
    title: 'a docs block that does not exist names the nearest one',
    name: 'unknown-docs-block',
    files: {
      'models/docs.md': '{% docs order %}An order.{% enddocs %}\n',
      'models/orders.yml':
        'models:\n  - name: raw_orders\n    description: "{{ doc(\'ordr\') }}"\n',
    },
  },
  {
    title: 'a private model that another group reads is named, with where its access is set',
    name: 'private-model',
    files: {
      'models/groups.yml':
        'groups:\n  - name: sales\n    owner: {name: Sales}\nmodels:\n  - name: raw_orders\n    config: {group: sales, access: private}\n',
      'models/orders.sql': "select * from {{ ref('raw_orders') }}\n",
    },
  },
  {
    title: 'a template that reaches for what is inside of a value is stopped',
    name: 'forbidden-in-template',
    files: { 'models/orders.sql': "select '{{ '{0.constructor}'.format(1) }}' as id\n" },
  },
  {
    title: 'a template without an end is stopped',
    name: 'endless-template',
    files: {
      'models/orders.sql':
        'select 1 as id\n{% for n in range(1000000) %}{% for m in range(1000000) %}-- again and again\n{% endfor %}{% endfor %}\n',
    },
  },
  {
    title: 'a result that no statement has given is shown where it is read',
    name: 'no-such-result',
    files: {
      'models/orders.sql': "select {{ load_result('counted').data if execute else 1 }} as id\n",
    },
  },
  {
    title: 'a comparison with an earlier run says how to give one',
    name: 'no-earlier-state',
    args: ['build', '--select', 'state:modified'],
  },
  {
    title: 'a comparison with a place that there is not names the nearest one',
    name: 'diff-against-nowhere',
    args: ['plan', '--diff', '--against', 'pubilc'],
  },
  {
    title: 'a column that a model does not have names the nearest one',
    name: 'unknown-column-of-lineage',
    args: ['lineage', 'raw_orders.amuont'],
  },
  {
    title: 'a topic that there is not names the nearest one',
    name: 'unknown-topic',
    files: { 'orders.csv': 'id\n1\n' },
    args: ['ingest', 'file', 'transactions-topc', 'orders.csv'],
  },
  {
    title: 'a mapping that maps to no field of an event is shown at its place',
    name: 'unusable-mapping',
    files: {
      'orders.csv': 'id\n1\n',
      'mapping.yml': 'topic: transactions-topic\nfields:\n  no_such_field: {column: id}\n',
    },
    args: ['ingest', 'file', 'transactions-topic', 'orders.csv', '--mapping', 'mapping.yml'],
  },
  {
    title: 'a setting of the generator that is out of its range says the range',
    name: 'generator-setting',
    args: ['generate', '--out', 'events', '--guests', '7'],
  },
  {
    title: 'a folder that generated files cannot be written to is named',
    name: 'generator-folder',
    args: ['generate', '--out', '/dev/null/events', '--events', '10'],
  },
]

describe('what a user sees of a mistake that is made less often', () => {
  for (const { title, name, files, args, env } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({
        'project.yml': 'name: shop\nthreads: 1\n',
        'models/raw_orders.sql': RAW_ORDERS,
        ...files,
      })
      await screen(name, { root, args: args ?? ['build'], ...(env && { env }) })
    })
  }

  test('an earlier run in another database cannot be deferred to', async ({
    connection,
    project,
    screen,
  }) => {
    const root = await project({
      'project.yml': 'name: shop\nthreads: 1\n',
      'models/raw_orders.sql': RAW_ORDERS,
      'models/orders.sql': "select * from {{ ref('raw_orders') }}\n",
    })
    const elsewhere = databaseUrl({ ...connection, database: 'elsewhere' })
    await gm(root, ['parse', '--target-path', 'earlier'], elsewhere)
    await screen('state-of-another-database', {
      root,
      args: ['build', '--select', 'orders', '--defer', '--state', 'earlier'],
    })
  })

  test('an incremental model that may not be rebuilt says what would be lost', async ({
    env,
    project,
    screen,
  }) => {
    const model = (columns: string): string =>
      `{{ config(materialized='incremental', unique_key='id', on_schema_change='fail') }}\nselect ${columns} from {{ ref('raw_orders') }}\n`
    const files = { 'project.yml': 'name: shop\nthreads: 1\n', 'models/raw_orders.sql': RAW_ORDERS }
    const root = await project({ ...files, 'models/orders.sql': model('id') })
    await gm(root, ['build'], env)
    await writeFile(join(root, 'models/orders.sql'), model('id, amount'))
    await screen('columns-changed', { root, args: ['build'] })
  })

  test('a restored backup and a warehouse of a newer gm are left alone', async ({
    env,
    project,
    screen,
    sql,
  }) => {
    const files = { 'project.yml': 'name: shop\nthreads: 1\n', 'models/raw_orders.sql': RAW_ORDERS }
    const root = await project(files)
    await gm(root, ['build'], env)
    await sql('update gm.cluster set database_oid = 1')
    await screen('restored-backup', { root, args: ['build'] })
    await sql(
      "insert into gm.migrations (name, batch, migration_time) values ('9999-later', 1, now())",
    )
    await screen('newer-gm', { root, args: ['build'] })
  })
})
