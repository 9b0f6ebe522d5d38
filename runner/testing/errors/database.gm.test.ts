import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { startGm } from '../gm.ts'
import { test } from './screen-fixture.ts'

const ORDERS = {
  'project.yml': 'name: shop\nthreads: 1\n',
  'models/orders.sql': 'select 1 as id\n',
}
const isRoot = process.getuid?.() === 0

/** A model that runs until it is stopped, and one beside it. */
const SLOW = {
  'project.yml': 'name: shop\nthreads: 1\n',
  'models/a_slow.sql':
    "{{ config(materialized='table') }}\nselect 1 as id, pg_sleep(60)::text as nothing\n",
  'models/b_quick.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
  'models/c_after_slow.sql': "select id from {{ ref('a_slow') }}\n",
}

describe('what a user sees when the database is not there or says no', () => {
  test('nobody listens at the address', async ({ project, screen }) => {
    const port = await freePort()
    await screen('database-down', {
      root: await project(ORDERS),
      args: ['build'],
      env: { GM_DATABASE_URL: `postgres://gm:secret-word@127.0.0.1:${port}/shop` },
      replace: { [String(port)]: '5432' },
    })
  })

  test('the host does not exist', async ({ project, screen }) => {
    await screen('unknown-host', {
      root: await project(ORDERS),
      args: ['build'],
      env: { GM_DATABASE_URL: 'postgres://gm:secret-word@no-such-host.invalid/shop' },
      // Which of the two depends on whether a name server answers.
      replace: { EAI_AGAIN: 'ENOTFOUND' },
    })
  })

  test('the password is wrong', async ({ project, screen, env, sql, connection }) => {
    const role = `gm_role_${randomBytes(4).toString('hex')}`
    await sql(`create role ${role} login password 'right-password'`)
    try {
      const { host, port, database } = connection
      await screen('wrong-password', {
        root: await project(ORDERS),
        args: ['build'],
        env: {
          ...env,
          GM_DATABASE_URL: `postgres://${role}:wrong-word@${host}:${port}/${database}`,
        },
        replace: { [role]: 'somebody' },
      })
    } finally {
      await sql(`drop role ${role}`)
    }
  })

  test('the database does not exist', async ({ project, screen, env }) => {
    const url = env['GM_DATABASE_URL'] ?? ''
    await screen('unknown-database', {
      root: await project(ORDERS),
      args: ['build'],
      env: { GM_DATABASE_URL: `${url.slice(0, url.lastIndexOf('/'))}/sohp` },
    })
  })

  test('the role may not create anything', async ({ project, screen, env, sql, connection }) => {
    const role = `gm_role_${randomBytes(4).toString('hex')}`
    await sql(`create role ${role} login password 'some-word'`)
    try {
      const { host, port, database } = connection
      await screen('permission-to-begin', {
        root: await project(ORDERS),
        args: ['build'],
        env: {
          ...env,
          GM_DATABASE_URL: `postgres://${role}:some-word@${host}:${port}/${database}`,
        },
        replace: { [role]: 'reporting' },
      })
    } finally {
      await sql(`drop role ${role}`)
    }
  })

  test('the role may not read a table', async ({ project, screen, env, sql, connection }) => {
    const role = `gm_role_${randomBytes(4).toString('hex')}`
    await sql(`create role ${role} login password 'some-word'; grant create on database ${connection.database} to ${role};
      grant create on schema public to ${role};
      create schema landing; create table landing.orders (id int); grant usage on schema landing to ${role}`)
    try {
      const { host, port, database } = connection
      await screen('permission-to-read', {
        root: await project({
          'project.yml': 'name: shop\nthreads: 1\n',
          'models/orders.sql':
            "{{ config(materialized='table') }}\nselect id\nfrom landing.orders\n",
        }),
        args: ['build'],
        env: {
          ...env,
          GM_DATABASE_URL: `postgres://${role}:some-word@${host}:${port}/${database}`,
        },
        replace: { [role]: 'reporting' },
      })
    } finally {
      await sql(`drop owned by ${role}; drop role ${role}`)
    }
  })
})

describe('what a user sees when a statement is stopped', () => {
  test('a connection lost halfway, where nothing is tried again, fails its model alone, and the others go on with a new one', async ({
    project,
    sql,
    env,
    expectScreen,
    untilRuns,
  }) => {
    const root = await project({ ...SLOW, 'project.yml': 'name: shop\nthreads: 1\nretries: 0\n' })
    const { ended } = startGm(root, ['build'], env)
    const pid = await untilRuns('pg_sleep')
    await sql('select pg_terminate_backend($1)', [pid])
    expectScreen('connection-lost', { root, args: ['build'] }, await ended)
    expect(await sql(`select to_regclass('public.b_quick') is not null as made`)).toEqual([
      { made: true },
    ])
    expect(
      await sql(`select relname from pg_class where relname ~ 'gm_new|a_slow' and relkind = 'r'`),
    ).toEqual([])
  })

  test('a model that takes longer than its own timeout', async ({ project, screen }) => {
    const root = await project({
      'models/slow.sql':
        "{{ config(materialized='table', timeout=0.5) }}\nselect 1 as n where pg_sleep(60) is not null\n",
    })
    await screen('model-timeout', { root, args: ['build'] })
  })

  test('a statement that takes longer than the project allows', async ({ project, screen }) => {
    const root = await project({
      ...SLOW,
      'project.yml': 'name: shop\nthreads: 1\nstatement_timeout_seconds: 0.5\n',
    })
    await screen('statement-timeout', { root, args: ['build'] })
  })

  test('a statement that somebody cancels by hand', async ({
    project,
    sql,
    env,
    expectScreen,
    untilRuns,
  }) => {
    const root = await project(SLOW)
    const { ended } = startGm(root, ['build'], env)
    await sql('select pg_cancel_backend($1)', [await untilRuns('pg_sleep')])
    expectScreen('statement-cancelled', { root, args: ['build'] }, await ended)
  })

  test('a node that another run works on, with --lock fail', async ({
    project,
    env,
    screen,
    untilRuns,
    untilGone,
  }) => {
    const root = await project(SLOW)
    const other = startGm(root, ['build'], env)
    await untilRuns('pg_sleep')
    await screen('locked-node', {
      root,
      args: ['build', '--select', 'a_slow', '--lock', 'fail'],
    })
    other.child.kill('SIGKILL')
    await other.ended
    await untilGone('pg_sleep')
  })
})

describe('what a user sees when files cannot be written', () => {
  test('a log folder that is a file', async ({ project, screen, sql }) => {
    const root = await project(ORDERS)
    await writeFile(join(root, 'logs'), '')
    await screen('log-not-writable', { root, args: ['build'] })
    expect(await sql(`select to_regclass('public.orders') is not null as made`)).toEqual([
      { made: false },
    ])
  })

  test('a cache folder that is a file costs time only', async ({ project, screen }) => {
    const root = await project(ORDERS)
    await writeFile(join(root, '.gm'), '')
    await screen('cache-not-writable', { root, args: ['build'] })
  })

  test('a project folder that is read-only', async ({ project, env, expectScreen }) => {
    const root = await project(ORDERS)
    await readOnly(root, async () => {
      expectScreen(
        'read-only-project',
        { root, args: ['build'] },
        await startGm(root, ['build'], env).ended,
      )
      const parsed = await startGm(root, ['parse'], env).ended
      expectScreen('read-only-project-parse', { root, args: ['parse'] }, parsed)
    })
  })

  test('a project folder that is read-only has no place for the embedded server', async ({
    project,
    expectScreen,
  }) => {
    const root = await project(ORDERS)
    await readOnly(root, async () => {
      const ended = await startGm(root, ['build'], {}).ended
      expectScreen('read-only-embedded', { root, args: ['build'] }, ended)
    })
  })
})

describe.skipIf(!isRoot)('a full disk (skipped: these tests must run as root)', () => {
  test('fails the model that does not fit, and what fits is built', async ({
    project,
    env,
    sql,
    expectScreen,
  }) => {
    const root = await project({
      'project.yml': 'name: shop\nthreads: 1\n',
      'models/a_small.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
      'models/b_big.sql':
        "{{ config(materialized='table') }}\nselect i as id, repeat(md5(i::text), 30) as filling\nfrom generate_series(1, 200000) as s (i)\n",
      'models/c_small.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
    })
    const [{ owner } = { owner: 'postgres' }] = await sql<{ owner: string }>(
      `select current_setting('data_directory') as owner`,
    )
    const disk = await mkdtemp(join(tmpdir(), 'gm-disk-'))
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', disk])
    const space = `gm_space_${randomBytes(4).toString('hex')}`
    try {
      const folder = join(disk, 'space')
      await mkdir(folder)
      execFileSync('chown', [`--reference=${owner}`, folder])
      await chmod(disk, 0o755)
      await sql(`create tablespace ${space} location '${folder}'`)
      const url = new URL(env['GM_DATABASE_URL'] ?? '')
      await sql(
        `alter role ${url.username} in database ${url.pathname.slice(1)} set default_tablespace = ${space}`,
      )
      const ended = await startGm(root, ['build'], env).ended
      expectScreen(
        'disk-full',
        { root, args: ['build'], replace: { [space]: 'space' } },
        { ...ended, stdout: ended.stdout.replace(/base\/\S+|pg_tblspc\/[^"]+/g, 'pg_tblspc/1') },
      )
      expect(await sql(`select to_regclass('public.c_small') is not null as made`)).toEqual([
        { made: true },
      ])
      await sql('drop schema public cascade; drop schema gm cascade')
      await sql(
        `alter role ${url.username} in database ${url.pathname.slice(1)} reset default_tablespace`,
      )
      await sql(`drop tablespace ${space}`)
    } finally {
      execFileSync('/bin/umount', ['-l', disk])
      await rm(disk, { recursive: true, force: true })
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Root may write whatever the mode says, so for root the folder is mounted read-only. */
async function readOnly(root: string, work: () => Promise<void>): Promise<void> {
  if (isRoot) {
    execFileSync('/bin/mount', ['--bind', root, root])
    execFileSync('/bin/mount', ['-o', 'remount,ro,bind', root])
  } else await chmod(root, 0o555)
  try {
    await work()
  } finally {
    if (isRoot) execFileSync('/bin/umount', [root])
    else await chmod(root, 0o755)
  }
}
