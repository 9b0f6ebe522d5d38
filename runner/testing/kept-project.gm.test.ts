import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from './errors/screen-fixture.ts'
import { gm } from './gm.ts'

/** Each model depends on one thing besides the project. */
const SHOP = {
  'project.yml': `name: shop
vars: {day: monday}
env: [SHOP_CITY]
models:
  shop:
    configured: {+meta: {size: 1}}
`,
  'macros/own.sql': '{% macro own() %}1{% endmacro %}',
  'packages.yml': 'packages: [{local: pack}]',
  'pack/project.yml': 'name: pack',
  'pack/macros/theirs.sql': '{% macro theirs() %}1{% endmacro %}',
  'models/by_file.sql': 'select 1 as x',
  'models/by_macro.sql': 'select {{ own() }} as x',
  'models/by_package.sql': 'select {{ pack.theirs() }} as x',
  'models/by_var.sql': "select '{{ var('day') }}' as x",
  'models/by_env.sql': "select '{{ env_var('SHOP_CITY') }}' as x",
  'models/configured/by_config.sql': "select {{ (config.get('meta') or {'size': 0}).size }} as x",
  'models/by_query.sql': `{% set found = run_query('select count(*) from counted') if execute else none %}
select {{ found.rows[0][0] if execute else 0 }} as x`,
}

const BUILT = `select split_part(node_id, '.', 3) as name from gm.steps
where status = 'success' and run_id = (select run_id from gm.runs order by started_at desc limit 1) order by 1`

test('When nothing has changed all that is kept is used; each thing that a model depends on makes that model and no other run again', {
  // Ten commands, one after the other.
  timeout: 180_000,
}, async ({ env, sql, project }) => {
  const root = await project(SHOP)
  const settings: Record<string, string> = { ...env, SHOP_CITY: 'Delft' }
  await sql('create table counted (id int)')
  await gm(root, ['deps'], settings)
  const run = async (...flags: string[]): Promise<unknown[]> => {
    await gm(root, ['run', ...flags], settings)
    return (await sql(BUILT)).map((row) => (row as { readonly name: string }).name)
  }
  const write = (file: string, text: string): void => {
    writeFileSync(join(root, file), text)
  }
  const all = Object.keys(SHOP).flatMap((file) => /(by_\w+)\.sql$/.exec(file)?.[1] ?? [])
  expect(await run()).toEqual(all.sort())
  // The second keeps the manifest, the third reads it.
  expect(await run()).toEqual([])
  expect(await run()).toEqual([])

  settings['SHOP_CITY'] = 'Gouda'
  expect(await run()).toEqual(['by_env'])
  expect(await run('--vars', 'day: tuesday')).toEqual(['by_var'])
  write('project.yml', SHOP['project.yml'].replace('size: 1', 'size: 2'))
  write('macros/own.sql', '{% macro own() %}2{% endmacro %}')
  expect(await run('--vars', 'day: tuesday')).toEqual(['by_config', 'by_macro'])
  write('pack/macros/theirs.sql', '{% macro theirs() %}2{% endmacro %}')
  await gm(root, ['deps'], settings)
  await sql('insert into counted values (1)')
  expect(await run('--vars', 'day: tuesday')).toEqual(['by_package', 'by_query'])
})
