import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const UNLOGGED = `/** @type {import('gm-transform').OwnMaterializer} */
export default ({ sql, into }) => ({
  statements: [{ sql: \`create unlogged table \${into} as\\n\${sql}\`, counts: 'inserted' }],
})
`

const BY_KEY = `export default ({ sql, into, isIncremental, node, quote }) => {
  if (!isIncremental) return { statements: [\`create table \${into} as\\n\${sql}\`] }
  const key = quote(node.config.meta.key)
  return {
    statements: [
      { purpose: 'read', sql: \`create temporary table news on commit drop as\\n\${sql}\` },
      { purpose: 'make room', sql: \`delete from \${into} where \${key} in (select \${key} from news)\`, counts: 'deleted' },
      { purpose: 'write', sql: \`insert into \${into} select * from news\`, counts: 'inserted' },
    ],
  }
}
`

const BARRIER = `export default ({ sql, into }) => ({
  statements: [\`create view \${into} with (security_barrier) as\\n\${sql}\`],
})
`

const SHOP = {
  'project.yml': `name: shop
materializations:
  unlogged: {module: materializations/unlogged.mjs, like: table}
  by_key: {module: materializations/by-key.mjs, like: incremental}
  barrier: {module: materializations/barrier.mjs, like: view}
`,
  'materializations/unlogged.mjs': UNLOGGED,
  'materializations/by-key.mjs': BY_KEY,
  'materializations/barrier.mjs': BARRIER,
  'seeds/raw.csv': 'id,day\n1,2026-01-01\n2,2026-01-02\n',
  'models/log.sql':
    "{{ config(materialized='incremental', unique_key='id') }} select id, day from {{ ref('raw') }}",
  'models/fast.sql': "{{ config(materialized='unlogged') }} select id, day from {{ ref('raw') }}",
  'models/days.sql': "select id, day from {{ changes(ref('log')) }}",
  'models/guarded.sql': "select * from {{ ref('fast') }}",
  'models/schema.yml': `models:
  - name: days
    config: {materialized: by_key, meta: {key: id}}
  - name: guarded
    config: {materialized: barrier}
`,
}

describe('a materialization of the project', () => {
  test('builds in the transactions of what it is like: published, followed by marks, built anew when its module changes', async ({
    connection,
    project,
    sql,
  }) => {
    const env = databaseUrl(connection)
    const root = await project(SHOP)
    await gm(root, ['seed'], env)
    const planned = await gm(root, ['run', '--dry-run', '--log-level', 'debug'], env)
    expect(planned.stdout).toContain('create unlogged table')
    await gm(root, ['build'], env)
    const kinds = await sql(
      `select relname as name, relpersistence as kept, reloptions as options from pg_class
       where relname in ('fast', 'guarded') order by 1`,
    )
    expect(kinds).toEqual([
      { name: 'fast', kept: 'u', options: null },
      { name: 'guarded', kept: 'p', options: ['security_barrier=true'] },
    ])

    writeFileSync(join(root, 'seeds/raw.csv'), 'id,day\n1,2026-01-01\n2,2026-01-02\n3,2026-01-02\n')
    const grown = await gm(root, ['build'], env)
    expect(grown.stdout).toContain('added rows to public.days')
    expect(grown.stdout).toMatch(/public\.days .* \[1 inserted in/)
    expect(await sql('select id::int from days order by id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ])
    const idle = await gm(root, ['run', '-s', 'fast', 'days'], env)
    expect(idle.stdout.match(/REUSE public/g)).toHaveLength(2)
    writeFileSync(join(root, 'materializations/unlogged.mjs'), `${UNLOGGED}// of today\n`)
    const changed = await gm(root, ['run', '-s', 'fast', '--explain'], env)
    expect(changed.stdout).toContain('its code or configuration changed')
    const listed = await gm(root, ['ls', '-s', 'config.materialized:unlogged'])
    expect(listed.stdout).toBe('shop.fast\n')
  })

  test('is run by no command that builds nothing, and its mistakes are told before anything is sent', async ({
    connection,
    project,
    sql,
  }) => {
    const env = databaseUrl(connection)
    const root = await project(SHOP)
    const module = (text: string): void =>
      writeFileSync(join(root, 'materializations/unlogged.mjs'), text)
    const run = async (expected: number): Promise<string> => {
      const { stdout, stderr } = await gm(root, ['build', '-s', '+fast'], env, expected)
      return stdout + stderr
    }
    module('throw new Error("read by somebody")')
    await gm(root, ['parse'])
    await gm(root, ['compile', '-s', 'fast'])
    expect(await run(2)).toContain(
      'GM1015  materializations/unlogged.mjs cannot be loaded: read by',
    )
    module('export default async () => ({ statements: ["select 1"] })')
    expect(await run(2)).toContain('unlogged gave no statements for fast')
    module('export default () => ({ statements: ["commit"] })')
    expect(await run(2)).toContain('"commit" is not a statement that a materialization sends')
    expect(await sql("select to_regclass('raw') as raw")).toEqual([{ raw: null }])
    module('export default () => ({ statements: ["select 1"] })')
    expect(await run(1)).toContain('the materialization unlogged did not do its work')
    module(UNLOGGED)
    writeFileSync(
      join(root, 'models/fast.sql'),
      "{{ config(materialized='unlogged') }}\nselect id,\n  dya from {{ ref('raw') }}",
    )
    expect(await run(1)).toContain('models/fast.sql:3:3  GM4001')
    writeFileSync(join(root, 'models/fast.sql'), "{{ config(materialized='unloged') }} select 1")
    const { stderr } = await gm(root, ['parse'], {}, 2)
    expect(stderr).toContain('Did you mean "unlogged"?')
  })
})
