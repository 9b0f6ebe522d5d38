import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { layoutOf } from '../../engine/embedded/layout.ts'
import { resetEmbedded } from '../../engine/embedded/reset-embedded.ts'
import type { Started } from '../gm.ts'
import { gm, startGm } from '../gm.ts'
import { test } from './screen-fixture.ts'

const SLOW = {
  'project.yml': 'name: shop\nthreads: 1\nretries: 0\n',
  'models/a_slow.sql': `{{ config(materialized='table') }}
select 1 as id, pg_sleep(120)::text as nothing
`,
  'models/b_quick.sql': "{{ config(materialized='table') }}\nselect 1 as id\n",
}

/** What a step that broke off could leave behind. */
const LEAVINGS = `select relname as name from pg_class where relname ~ 'gm_new|a_slow|_gm_'
  and relnamespace in (select oid from pg_namespace where nspname in ('public', 'gm')) and relkind in ('r', 'v')
union all select relation from gm.pending`

describe('a build that is interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} cancels the query in the server within a second, leaves nothing half done, and says what was cancelled`, async ({
      project,
      env,
      sql,
      expectScreen,
      untilRuns,
      untilGone,
    }) => {
      const root = await project(SLOW)
      const { child, ended } = startGm(root, ['build'], env)
      await untilRuns('pg_sleep')
      child.kill(signal)
      expect(await untilGone('pg_sleep')).toBeLessThan(1_000)
      expectScreen('interrupted', { root, args: ['build'] }, await ended)
      expect(await sql(LEAVINGS)).toEqual([])
      expect(await sql('select status from gm.runs')).toEqual([{ status: 'cancelled' }])
    })
  }

  test('a second SIGINT leaves at once, although the server does not answer, and its query ends when it does', async ({
    project,
    env,
    untilRuns,
    untilGone,
  }) => {
    const root = await project(SLOW)
    const { child, ended } = startGm(root, ['build'], env)
    const pid = await untilRuns('pg_sleep')
    process.kill(pid, 'SIGSTOP')
    try {
      child.kill('SIGINT')
      await sleep(700)
      expect(child.exitCode).toBeNull()
      const begin = performance.now()
      child.kill('SIGINT')
      expect((await ended).status).toBe(130)
      expect(performance.now() - begin).toBeLessThan(1_000)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    expect(await untilGone('pg_sleep')).toBeLessThan(5_000)
  })

  test('killed with -9 while its query runs, the query ends in the server within seconds', async ({
    project,
    env,
    sql,
    untilRuns,
    untilGone,
  }) => {
    const root = await project(SLOW)
    const { child, ended } = startGm(root, ['build'], env)
    await untilRuns('pg_sleep')
    child.kill('SIGKILL')
    await ended
    expect(await untilGone('pg_sleep')).toBeLessThan(5_000)
    expect(await sql(LEAVINGS)).toEqual([])
  })
})

test('two builds at once of one project both succeed, and every result is there once', async ({
  project,
  env,
  sql,
}) => {
  const root = await project({
    'seeds/countries.csv': 'code,name\nDE,Germany\nFR,France\n',
    'models/numbers.sql':
      "{{ config(materialized='incremental', unique_key='id') }}\nselect i as id from generate_series(1, 20000) as s (i)\n",
    'models/totals.sql':
      "{{ config(materialized='table') }}\nselect count(*) as n, sum(id) as total from {{ ref('numbers') }}\n",
    'models/named.sql':
      "select c.name, t.n from {{ ref('countries') }} c cross join {{ ref('totals') }} t\n",
    'models/schema.yml':
      'models:\n  - name: numbers\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n',
  })
  for (let round = 0; round < 3; round++) {
    const args = round === 1 ? ['build', '--full-refresh'] : ['build']
    const both = await Promise.all([1, 2].map(() => startGm(root, args, env).ended))
    for (const { status, stdout, stderr } of both) expect(status, stdout + stderr).toBe(0)
    expect(await sql('select name, n::int from public.named order by name')).toEqual([
      { name: 'France', n: 20_000 },
      { name: 'Germany', n: 20_000 },
    ])
    expect(
      await sql('select count(*)::int as n, sum(id)::int as total from public.numbers'),
    ).toEqual([{ n: 20_000, total: 200_010_000 }])
    expect(await sql(LEAVINGS)).toEqual([])
  }
})

test('the embedded server killed in the middle of a build fails that build clearly, and the next one recovers', async ({
  project,
  expectScreen,
}) => {
  const root = await project(SLOW)
  try {
    const started = startGm(root, ['build'])
    await says(started, 'START build table public.a_slow')
    await sleep(500)
    const pidFile = await readFile(join(layoutOf(root).data, 'postmaster.pid'), 'utf8')
    process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL')
    const ended = await started.ended
    expectScreen(
      'embedded-killed',
      { root, args: ['build'] },
      {
        ...ended,
        // The port is another each time, and the words are those of the moment the connection broke.
        stdout: ended.stdout.replace(/127\.0\.0\.1:\d+/g, 'localhost:5432'),
        stderr: ended.stderr.replace(/127\.0\.0\.1:\d+/g, 'localhost:5432'),
      },
    )
    await writeFile(join(root, 'models/a_slow.sql'), 'select 1 as id\n')
    const again = await gm(root, ['build'])
    expect(again.stdout).toContain('PASS=2 WARN=0 ERROR=0')
  } finally {
    await resetEmbedded(root)
  }
})

async function says({ child }: Started, text: string): Promise<void> {
  let said = ''
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes(text)) resolve()
    })
    child.on('close', () => resolve())
  })
  expect(said).toContain(text)
}
