import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { evaluateSetting } from '../parse/evaluate-setting.ts'
import type { LoadOptions } from './load-options.ts'
import { loadProject } from './load-project.ts'
import type { Project } from './project.ts'

interface Case {
  yml: string
  env?: Record<string, string>
  dotEnv?: string
  flags?: LoadOptions['flags']
  startDir?: string
}

function load({ yml, env = {}, dotEnv, flags = {}, startDir = '/work/shop' }: Case): Project {
  const files: Record<string, string | undefined> = {
    '/work/shop/project.yml': yml,
    '/work/shop/.env': dotEnv,
  }
  return loadProject({
    startDir,
    env,
    flags,
    checkConfig: checkNodeConfig,
    evaluate: evaluateSetting,
    disk: { read: (path) => files[path], folders: () => [] },
  })
}

function failures(given: Case): GmError[] {
  try {
    load(given)
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors !== undefined) return [...errors]
    throw thrown
  }
  return []
}

const shown = (given: Case): string[] => failures(given).map(String)

describe('finding the project', () => {
  test('goes upwards from the folder where gm is started', () => {
    expect(load({ yml: 'name: shop', startDir: '/work/shop/models/staging' }).root).toBe(
      '/work/shop',
    )
  })

  test('without a project.yml is GM1001, naming the folder', () => {
    expect(failures({ yml: 'name: shop', startDir: '/elsewhere' })[0]).toMatchObject({
      code: 'GM1001',
      message: 'no project.yml in /elsewhere or above',
    })
  })

  test('looks only into --project-dir when it is given', () => {
    const found = load({ yml: 'name: shop', startDir: '/', flags: { projectDir: 'work/shop' } })
    expect(found.root).toBe('/work/shop')
    expect(shown({ yml: 'name: shop', flags: { projectDir: 'models' } })[0]).toMatch(/^GM1001/)
  })
})

describe('project.yml', () => {
  test('with a name alone has all its defaults', () => {
    expect(load({ yml: 'name: shop' })).toMatchObject({
      name: 'shop',
      version: '',
      paths: { models: ['models'], seeds: ['seeds'], target: 'target', logs: 'logs' },
      threads: 4,
      publish: 'model',
      publishWaitMs: 10_000,
      reuse: 'all',
      statementTimeoutMs: undefined,
      retries: 5,
      historyRetentionDays: 90,
      logRetentionDays: 30,
      openlineage: { to: undefined, namespace: 'shop', sql: true, isDisabled: false },
      target: { type: 'embedded', schema: 'public', database: 'shop_warehouse' },
    })
  })

  test('reports all its errors at once, each at its place and with a hint', () => {
    const yml = 'nam: shop\nthreads: many\nfunction-paths: [x]\nlog_retention_days: -1\n'
    expect(shown({ yml })).toEqual([
      'project.yml:1:1  GM1002  unknown key "nam"',
      'project.yml:2:10  GM1003  "threads" must be a number, not "many"',
      'project.yml:3:1  GM1008  gm does not support "function-paths" yet',
      'project.yml:4:21  GM1003  "log_retention_days" must be at least 0, not -1',
    ])
  })

  test.each(['../other', '/etc', 'a/../../b', 'a\\b', 'C:/models'])(
    'refuses the folder %s, which is outside of the project or not portable',
    (folder) => {
      expect(failures({ yml: `name: shop\nmodel-paths: ['${folder}']` })).toMatchObject([
        { code: 'GM1003', at: { line: 2, column: 15 } },
      ])
    },
  )

  test('gives variables below the name of the project over flat ones, and --vars over both', () => {
    const yml = 'name: shop\nvars: {a: 1, b: 1, c: 1, shop: {b: 2, c: 2}}'
    expect(load({ yml, flags: { vars: { c: 3 } } }).vars).toEqual({ a: 1, b: 2, c: 3 })
  })

  test('takes the values of its templates, a single expression with its type', () => {
    const yml = `name: shop
vars: {is_big: true, text: "{{ not_rendered }}"}
models:
  shop:
    +schema: "{{ target.schema }}_x"
    +enabled: "{{ var('is_big') }}"
    +full_refresh: "{{ 'false' | as_bool }}"`
    const { resourceConfig, vars } = load({ yml })
    expect(resourceConfig.models.children.get('shop')?.config).toEqual({
      schema: 'public_x',
      unrendered: { schema: '{{ target.schema }}_x' },
      enabled: true,
      full_refresh: false,
    })
    expect(vars['text']).toBe('{{ not_rendered }}')
  })

  test('has the errors of its templates at the places of their texts', () => {
    const yml = 'name: shop\nmodels:\n  shop:\n    +schema: "{{ var(\'x\') }}"\n'
    expect(shown({ yml })).toEqual(['project.yml:4:14  GM3003  the variable "x" has no value'])
  })

  test('lets templates read only the environment variables that it lists', () => {
    const { env, envAllowed } = load({
      yml: 'name: shop\nenv: [REGION, MISSING]',
      env: { REGION: 'eu', SECRET: 'x' },
    })
    expect([...env]).toEqual([['REGION', 'eu']])
    expect([...new Set(envAllowed)]).toEqual(['REGION', 'MISSING'])
  })
})

describe('trees of configuration', () => {
  test('take +keys and bare keys as configuration, and mappings as folders', () => {
    const yml =
      'name: shop\nmodels:\n  shop:\n    +tags: all\n    staging:\n      materialized: view\n'
    const shop = load({ yml }).resourceConfig.models.children.get('shop')
    expect(shop?.config).toEqual({ tags: ['all'] })
    expect(shop?.children.get('staging')).toMatchObject({
      config: { materialized: 'view' },
      at: { file: 'project.yml', line: 5, column: 5 },
    })
  })

  test('refuse what would apply to nothing: a folder that is not below the name of the project', () => {
    expect(failures({ yml: 'name: shop\nmodels:\n  staging:\n    +schema: x\n' })).toMatchObject([
      {
        code: 'GM1002',
        at: { line: 3, column: 3 },
        hint: 'Put folders below "shop:", and settings behind a plus: "+staging:".',
      },
    ])
  })

  test('find errors in +keys at the key as it is written', () => {
    const yml = 'name: shop\nmodels:\n  shop:\n    a: {+materialised: view, enabled: 1}\n'
    expect(shown({ yml })).toEqual([
      'project.yml:4:9  GM1002  unknown key "materialised" in the configuration of a model',
      'project.yml:4:39  GM1003  "enabled" must be true or false, not 1',
    ])
  })

  test('refuse a key that is given with a plus and without', () => {
    const yml = 'name: shop\nmodels: {shop: {+schema: a, schema: b}}'
    expect(failures({ yml })).toMatchObject([{ code: 'GM1003', at: { line: 2, column: 29 } }])
  })
})

describe('targets', () => {
  const yml = [
    'name: shop',
    'target: dev',
    'targets:',
    '  dev: {type: embedded, schema: dev}',
    '  prod:',
    '    type: postgres',
    '    host: db.example.org',
    "    port: \"{{ env_var('SHOP_PORT', '5433') | int }}\"",
    '    password: "{{ env_var(\'SHOP_PASSWORD\') }}"',
    '    dbname: shop',
    '    sslmode: verify-full',
    '    sslrootcert: certs/ca.pem',
    '    search_path: warehouse,public',
    '    connect_timeout: 3',
  ].join('\n')

  test('are chosen by target:, and need none of the variables of the others', () => {
    expect(load({ yml }).target).toMatchObject({ name: 'dev', type: 'embedded', schema: 'dev' })
  })

  test('are filled from the environment, and paths are taken from the folder of the project', () => {
    const { target } = load({ yml, flags: { target: 'prod' }, dotEnv: 'SHOP_PASSWORD="a b#c"' })
    expect(target.connection).toMatchObject({
      host: 'db.example.org',
      port: 5433,
      user: 'postgres',
      database: 'shop',
      sslmode: 'verify-full',
      sslrootcert: '/work/shop/certs/ca.pem',
      connectTimeoutMs: 3000,
      options: { search_path: 'warehouse,public' },
    })
    expect(target.connection.password).toBe('a b#c')
  })

  test('with a variable that is not set are GM1005 at the setting', () => {
    const [error] = failures({ yml, flags: { target: 'prod' } })
    expect(String(error)).toBe(
      'project.yml:9:15  GM1005  environment variable SHOP_PASSWORD is not set',
    )
    expect(error?.hint).toContain('.env beside project.yml')
  })

  test('with an unknown name are GM1007 with the nearest', () => {
    expect(failures({ yml, flags: { target: 'prd' } })).toMatchObject([
      { code: 'GM1007', message: 'unknown target "prd"', hint: 'Did you mean "prod"?' },
    ])
  })

  test('with several and none chosen are GM1007', () => {
    expect(shown({ yml: yml.replace('target: dev\n', '') })[0]).toMatch(/GM1007 {2}no target/)
  })

  test.each([
    [
      'url and single fields',
      "type: postgres, url: 'postgres://h/d', host: x",
      'both "url" and "host"',
    ],
    [
      'a server for the embedded one',
      'type: embedded, host: x',
      'an embedded target has no "host"',
    ],
    ['other templates than env_var', "type: postgres, host: '{{ var(1) }}'", 'only env_var()'],
    ['an unknown type', 'type: postgre', '"type" must be one of embedded, postgres'],
    ['an unknown key', 'type: postgres, hots: x', 'unknown key "hots"'],
  ])('with %s are refused', (_what, fields, message) => {
    expect(shown({ yml: `name: shop\ntargets: {dev: {${fields}}}` })[0]).toContain(message)
  })

  test('take a URL apart, with libpq’s parameters', () => {
    const url = 'postgresql://ann:p%40ss@[::1]:6000/shop?sslmode=require&connect_timeout=2'
    const { connection } = load({
      yml: 'name: shop\ntargets: {dev: {type: postgres, url: "{{ env_var(\'U\') }}"}}',
      env: { U: url },
    }).target
    expect(connection).toMatchObject({
      host: '::1',
      port: 6000,
      user: 'ann',
      database: 'shop',
      sslmode: 'require',
      connectTimeoutMs: 2000,
    })
    expect(connection.password).toBe('p@ss')
  })
})

describe('a project without targets', () => {
  const yml = 'name: shop'

  test.each([
    ['GM_DATABASE_URL', { GM_DATABASE_URL: 'postgres://h:1/d', WAREHOUSE_DB_HOST: 'other' }],
    [
      'WAREHOUSE_DB_*',
      {
        WAREHOUSE_DB_HOST: 'h',
        WAREHOUSE_DB_PORT: '1',
        WAREHOUSE_DB_NAME: 'd',
        POSTGRES_WAREHOUSE_HOST: 'other',
      },
    ],
    [
      'POSTGRES_WAREHOUSE_*',
      { POSTGRES_WAREHOUSE_HOST: 'h', POSTGRES_WAREHOUSE_PORT: '1', POSTGRES_WAREHOUSE_DB: 'd' },
    ],
  ])('takes the server that %s names', (_what, env) => {
    expect(load({ yml, env }).target).toMatchObject({
      type: 'postgres',
      connection: { host: 'h', port: 1, database: 'd' },
    })
  })

  test('stays embedded when the environment names only a database', () => {
    expect(load({ yml, env: { WAREHOUSE_DB_NAME: 'mine' } }).target).toMatchObject({
      type: 'embedded',
      database: 'mine',
    })
  })

  test('takes the process before .env', () => {
    const { target } = load({
      yml,
      env: { WAREHOUSE_DB_HOST: 'process' },
      dotEnv: 'WAREHOUSE_DB_HOST=file\nWAREHOUSE_DB_USER=ann\n',
    })
    expect(target.connection).toMatchObject({ host: 'process', user: 'ann' })
  })

  test('refuses a port that is none at its line of .env', () => {
    expect(shown({ yml, dotEnv: '# x\nWAREHOUSE_DB_PORT=abc\n' })).toEqual([
      '.env:2:1  GM1003  WAREHOUSE_DB_PORT must be a whole number from 1 to 65535',
    ])
  })

  test('refuses a real-time database of its own, and says what to do', () => {
    const env = {
      WAREHOUSE_DB_HOST: 'localhost',
      REALTIME_DB_HOST: 'localhost',
      REALTIME_DB_PORT: '5433',
      REALTIME_DB_NAME: 'globalmart_realtime',
    }
    const [error] = failures({ yml, env })
    expect(error).toMatchObject({ code: 'GM1011', at: undefined })
    expect(error?.hint).toContain('remove REALTIME_DB_HOST, REALTIME_DB_PORT and REALTIME_DB_NAME')
  })

  test('takes real-time settings that name the warehouse itself', () => {
    const env = {
      WAREHOUSE_DB_HOST: 'localhost',
      WAREHOUSE_DB_NAME: 'd',
      POSTGRES_REALTIME_HOST: '127.0.0.1',
      POSTGRES_REALTIME_PORT: '5432',
      POSTGRES_REALTIME_DB: 'd',
    }
    expect(load({ yml, env }).target.type).toBe('postgres')
  })

  test('takes its log level from BATCH_LOG_LEVEL', () => {
    expect(load({ yml, env: { BATCH_LOG_LEVEL: 'WARNING' } }).logLevel).toBe('warn')
    expect(shown({ yml, env: { BATCH_LOG_LEVEL: 'LOUD' } })[0]).toContain('BATCH_LOG_LEVEL must be')
  })
})

describe('a password', () => {
  const secret = 'hunter2hunter2'
  const everything = (value: unknown): string =>
    JSON.stringify(value) + inspect(value, { depth: null }) + String(value)

  test('is in no dump of the project', () => {
    const env = { WAREHOUSE_DB_PASSWORD: secret }
    const project = load({ yml: 'name: shop', env })
    expect(project.target.connection.password).toBe(secret)
    expect(everything(project)).not.toContain(secret)
    expect(everything({ ...project.target })).not.toContain(secret)
  })

  test.each([
    ['written as password', `type: postgres, password: ${secret}`, {}, ''],
    ['written into a URL', `type: postgres, url: 'postgres://a:${secret}@h/d'`, {}, ''],
    [
      'in a URL with an unknown parameter',
      'type: postgres, url: "{{ env_var(\'U\') }}"',
      { U: `postgres://a:${secret}@h/d?x=1` },
      '',
    ],
    [
      'in a URL that cannot be read',
      'type: postgres, url: "{{ env_var(\'U\') }}"',
      { U: `postgres//a:${secret}@h` },
      '',
    ],
    [
      'in a URL with a bad escape',
      'type: postgres, url: "{{ env_var(\'U\') }}"',
      { U: `postgres://a:%ff${secret}@h` },
      '',
    ],
    ['in a line of .env that is not NAME=value', 'type: embedded', {}, `password ${secret}\nX=1`],
  ])('%s is in no error', (_what, fields, env, dotEnv) => {
    const errors = failures({ yml: `name: shop\ntargets: {dev: {${fields}}}`, env, dotEnv })
    expect(errors).toHaveLength(1)
    expect(everything(errors) + (errors[0]?.hint ?? '')).not.toContain(secret)
  })
})
