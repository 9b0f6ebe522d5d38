import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from './screen-fixture.ts'

const RAW_ORDERS = "select 1 as id, 'shipped' as status, 950 as amount\n"

/** Mistakes in configuration; nothing runs and the exit code is 2. */
const CASES: readonly {
  readonly title: string
  readonly name: string
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}[] = [
  {
    title: 'an unknown key in project.yml names the nearest one',
    name: 'project-unknown-key',
    files: { 'project.yml': 'name: shop\nmodel-path: [models]\n' },
  },
  {
    title: 'a value of the wrong type in project.yml says which types are possible',
    name: 'project-wrong-type',
    files: { 'project.yml': 'name: shop\nthreads: many\n' },
  },
  {
    title: 'an unknown configuration key below models: names the nearest one',
    name: 'project-unknown-config',
    files: { 'project.yml': 'name: shop\nmodels:\n  shop:\n    +materialised: table\n' },
  },
  {
    title: 'a microbatch model that says nothing of its batches is told all that is missing',
    name: 'microbatch-incomplete',
    files: {
      'models/daily.sql':
        "{{ config(materialized='incremental', incremental_strategy='microbatch') }}\nselect 1 as id\n",
    },
  },
  {
    title:
      'a view whose SQL does not hand its event_time on keeps lost rows from a microbatch model',
    name: 'microbatch-behind-view',
    args: ['build', '--warn-error'],
    files: {
      'models/kept.sql':
        "{{ config(materialized='incremental') }}\nselect id, now() as at from {{ ref('raw_orders') }}\n",
      'models/by_hour.sql':
        "{{ config(event_time='hour') }}\nselect id, date_trunc('hour', at) as hour from {{ ref('kept') }}\n",
      'models/daily.sql':
        "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='hour', batch_size='day', begin='2026-01-01') }}\nselect id, hour from {{ ref('by_hour') }}\n",
    },
  },
  {
    title: 'YAML that cannot be read is shown where it breaks',
    name: 'yaml-syntax',
    files: { 'models/schema.yml': 'models:\n  - name: orders\n   description: All orders\n' },
  },
  {
    title: 'a misspelt data_tests is an error, so that no test is dropped in silence',
    name: 'misspelt-data-tests',
    files: {
      'models/schema.yml':
        'models:\n  - name: raw_orders\n    columns:\n      - name: id\n        data_test: [not_null]\n',
    },
  },
  {
    title: 'a value of the wrong type in properties is shown at its place',
    name: 'properties-wrong-type',
    files: { 'models/schema.yml': 'models:\n  - name: raw_orders\n    columns: id\n' },
  },
  {
    title: 'properties of a model that does not exist name the nearest one',
    name: 'properties-without-model',
    files: { 'models/schema.yml': 'models:\n  - name: raw_order\n' },
  },
  {
    title: 'a test that does not exist names the nearest one',
    name: 'unknown-test',
    files: {
      'models/schema.yml':
        'models:\n  - name: raw_orders\n    columns:\n      - name: id\n        data_tests: [not_nul]\n',
    },
  },
  {
    title: 'an unknown key in config() is shown in the model',
    name: 'config-unknown-key',
    files: { 'models/orders.sql': "{{ config(materialised='table') }}\nselect 1 as id\n" },
  },
  {
    title: 'a value of config() that is not possible names the nearest one',
    name: 'config-wrong-value',
    files: { 'models/orders.sql': "{{ config(materialized='tabel') }}\nselect 1 as id\n" },
  },
  {
    title: 'two models of one name are both named',
    name: 'duplicate-name',
    files: { 'models/sales/raw_orders.sql': RAW_ORDERS },
  },
  {
    title: 'an environment variable that is not set says how to set it',
    name: 'missing-environment-variable',
    files: {
      'project.yml': 'name: shop\nenv: [SHOP_REGION]\n',
      'models/orders.sql': "select '{{ env_var('SHOP_REGION') }}' as region\n",
    },
  },
  {
    title: 'an environment variable that the project does not allow says where to allow it',
    name: 'environment-variable-not-allowed',
    files: { 'models/orders.sql': "select '{{ env_var('HOME') }}' as home\n" },
  },
  {
    title: 'a target whose variable is not set says which',
    name: 'target-missing-variable',
    files: {
      'project.yml': `name: shop
targets:
  dev:
    type: postgres
    password: "{{ env_var('SHOP_PASSWORD') }}"
`,
    },
  },
  {
    title: 'a connection URL that cannot be read is not shown, because it may hold a password',
    name: 'unreadable-url',
    env: { GM_DATABASE_URL: 'postgres:/user:s3cret-word@localhost' },
  },
  {
    title: 'a selection that matches nothing names the nearest node',
    name: 'selection-matches-nothing',
    args: ['build', '--select', 'raw_order'],
  },
  {
    title: 'a selector that cannot be read is shown with what is wrong with it',
    name: 'selector-syntax',
    args: ['build', '--select', 'tga:daily'],
  },
  {
    title: 'an unknown command names the nearest one',
    name: 'unknown-command',
    args: ['biuld'],
  },
  {
    title: 'an unknown option names the nearest one',
    name: 'unknown-option',
    args: ['build', '--full-refesh'],
  },
  {
    title: 'a name without --select is answered with how to select it',
    name: 'name-without-select',
    args: ['build', 'raw_orders'],
  },
  {
    title: 'a value of an option that is not possible says which are',
    name: 'option-wrong-value',
    args: ['build', '--threads', 'many', '--lock', 'wiat'],
  },
  {
    title: 'a warning that --warn-error-options does not know names the nearest one',
    name: 'unknown-warning',
    args: ['build', '--warn-error-options', '{silence: [NoNodesForSelection]}'],
  },
  {
    title: 'a sample that is no span of time says how one is written',
    name: 'sample-wrong-value',
    args: ['build', '--sample', '3 weeks'],
  },
  {
    title: 'a module of a materialization that is not there is named in the project file',
    name: 'materialization-missing',
    files: {
      'project.yml':
        'name: shop\nmaterializations:\n  unlogged: {module: materializations/unloged.mjs, like: table}\n',
    },
  },
  {
    title: 'a module that gives no statements is told before anything is sent',
    name: 'materialization-without-work',
    files: {
      'project.yml':
        'name: shop\nmaterializations:\n  unlogged: {module: materializations/unlogged.mjs, like: table}\n',
      'materializations/unlogged.mjs':
        'export default ({ sql, into }) => `create unlogged table ${into} as ${sql}`\n',
      'models/orders.sql': "{{ config(materialized='unlogged') }}\nselect 1 as id\n",
    },
  },
]

describe('what a user sees of a mistake in configuration', () => {
  for (const { title, name, files, args, env } of CASES) {
    test(title, async ({ project, screen }) => {
      const root = await project({ 'models/raw_orders.sql': RAW_ORDERS, ...files })
      await screen(name, { root, args: args ?? ['build'], ...(env && { env }) })
    })
  }

  test('a folder without project.yml says how to begin or where to look', async ({
    project,
    screen,
  }) => {
    const root = await project({})
    await rm(join(root, 'project.yml'))
    await screen('no-project', { root, args: ['build'] })
  })

  test('a file of the project that cannot be read is named with the reason', async ({
    project,
    screen,
  }) => {
    const root = await project({ 'models/raw_orders.sql': RAW_ORDERS })
    await symlink('/gone/orders.sql', join(root, 'models/orders.sql'))
    await screen('unreadable-file', { root, args: ['build'] })
  })

  test('a misspelt data_tests runs nothing at all', async ({ project, screen, sql }) => {
    const root = await project({
      'models/raw_orders.sql': RAW_ORDERS,
      'models/schema.yml': 'models:\n  - name: raw_orders\n    data_test: [not_null]\n',
    })
    await screen('misspelt-data-tests-of-model', { root, args: ['build'] })
    expect(await sql(`select to_regclass('public.raw_orders') as made`)).toEqual([{ made: null }])
  })
})
