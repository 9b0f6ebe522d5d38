import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SHOP = {
  'project.yml': 'name: shop\n',
  'macros/speak.sql': `{% macro speak() %}
{%- do log('a note', info=true) %}{% do print('an answer') %}{% do exceptions.warn('a doubt') -%}
{% endmacro %}`,
  'models/loud.sql': '{{ speak() }}select 1 as id',
  'models/plain.sql': 'select 1 as id',
  'models/schema.yml': `models:
  - name: plain
    columns: [{name: id, data_tests: [{accepted_values: {arguments: {values: [2]}, config: {severity: warn}}}]}]
`,
}

describe('warnings', () => {
  test('of a selection stop nothing, are silenced by their name, and are errors with --warn-error', async ({
    project,
  }) => {
    const root = await project(SHOP)
    const args = ['ls', '-s', 'plain', 'plian', '--indirect-selection', 'empty']
    const warned = await gm(root, args)
    expect(warned.stdout).toBe('shop.plain\n')
    expect(warned.stderr).toContain('warning: GM3001')
    const options = ['--warn-error-options', '{silence: [NoNodesForSelectionCriteria]}']
    expect((await gm(root, [...args, ...options])).stderr).toBe('')
    expect((await gm(root, [...args, '--warn-error'], {}, 2)).stderr).toContain('GM3001')
    const byEnv = await gm(root, args, { DBT_WARN_ERROR_OPTIONS: '{"error": "all"}' }, 2)
    expect(byEnv.stdout).toBe('')
    writeFileSync(
      join(root, 'project.yml'),
      'name: shop\nflags:\n  warn_error_options: {error: [GM3001]}\n',
    )
    await gm(root, args, {}, 2)
    await gm(root, [...args, '--warn-error-options', '{}'])
    const unknown = await gm(root, [...args, '--warn-error-options', '{silence: [GM3002]}'], {}, 2)
    expect(unknown.stderr).toContain('names no warning: "GM3002"\n  hint: Did you mean')
  })

  test('of a test are failures with --warn-error', async ({ connection, project }) => {
    const root = await project(SHOP)
    const env = databaseUrl(connection)
    const plain = await gm(root, ['build', '-s', 'plain'], env)
    expect(plain.stdout).toContain('WARN')
    const strict = await gm(root, ['build', '-s', 'plain', '--warn-error'], env, 1)
    expect(strict.stdout).toContain('FAIL')
  })

  test('of a template name their place; what it prints shows even when quiet, once, and not with --no-print', async ({
    connection,
    project,
  }) => {
    const root = await project(SHOP)
    const env = databaseUrl(connection)
    const { stdout } = await gm(root, ['run', '-s', 'loud'], env)
    expect(stdout.match(/a note/g)).toHaveLength(1)
    expect(stdout.match(/^an answer$/gm)).toHaveLength(1)
    expect(stdout).toContain('macros/speak.sql:2:68  GM3007  a doubt')
    const quiet = await gm(root, ['run', '-s', 'loud', '--quiet'], env)
    expect(quiet.stdout).toBe('an answer\n')
    const silent = await gm(root, ['run', '-s', 'loud', '-q', '--no-print'], env)
    expect(silent.stdout).toBe('')
    const strict = await gm(root, ['run', '-s', 'loud', '--warn-error'], env, 2)
    expect(strict.stderr).toContain('macros/speak.sql:2:68  GM3007  a doubt')
    const piped = await gm(root, ['compile', '-s', 'loud', '--no-print'], env)
    expect(piped.stdout).toBe('select 1 as id\n')
    expect(piped.stderr).toContain('a note\n')
  })
})

test('compile and show read an earlier state, and compile connects only where a template asks', async ({
  connection,
  project,
}) => {
  const env = databaseUrl(connection)
  const root = await project({
    ...SHOP,
    'models/reader.sql': "select * from {{ ref('plain') }}",
    'models/asking.sql': `select {{ run_query('select 7').columns[0].values()[0] if execute else 0 }} as n`,
    'project.yml': "name: shop\nmodels: {+schema: \"{{ var('place', 'dev') }}\"}\n",
  })
  await gm(root, ['run', '-s', 'plain', '--vars', 'place: prod', '--target-path', 'prod'], env)
  const state = ['--defer', '--state', 'prod']
  const compiled = await gm(root, ['compile', '-s', 'reader', ...state], env)
  expect(compiled.stdout).toBe('select * from "prod"."plain"\n')
  const shown = await gm(root, ['show', '-s', 'reader', '--output', 'json', ...state], env)
  expect(JSON.parse(shown.stdout)).toMatchObject({ show: [{ id: 1 }] })
  await gm(root, ['run', '-s', 'plain'], env)
  const built = await gm(root, ['compile', '-s', 'reader', ...state], env)
  expect(built.stdout).toBe('select * from "dev"."plain"\n')
  const favoured = await gm(root, ['compile', '-s', 'reader', ...state, '--favor-state'], env)
  expect(favoured.stdout).toBe('select * from "prod"."plain"\n')
  expect((await gm(root, ['compile', '-s', 'asking'], env)).stdout).toBe('select 7 as n\n')
  const refused = await gm(root, ['compile', '-s', 'asking', '--no-introspect'], env, 2)
  expect(refused.stderr).toContain('GM3008')
})
