import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from './errors/screen-fixture.ts'
import { gm, startGm } from './gm.ts'

const SHOP = {
  'project.yml': 'name: shop\nreuse: none\n',
  'models/numbers.sql': "{{ config(materialized='table') }}\nselect generate_series(1, 3) as n",
  'models/doubled.sql': 'select n * 2 as n from {{ ref("numbers") }}',
  'models/broken.sql': "{{ config(materialized='table') }}\nselect 1 / 0 as n",
  'snapshots/seen.yml':
    'snapshots:\n  - name: seen\n    relation: ref("numbers")\n    config: {strategy: check, check_cols: all, unique_key: n}\n',
}

describe('gm history', () => {
  test('lists the runs, shows one with its rows, reasons and errors, as text and JSON, and forgets those that are old', async ({
    env,
    sql,
    project,
    screen,
  }) => {
    const root = await project(SHOP)
    await screen('history-nothing', { root, args: ['history'] })
    await gm(root, ['build', '--threads', '1'], env, 1)
    await gm(root, ['run', '-s', 'numbers'], env)

    const runs = JSON.parse((await gm(root, ['history', '--output', 'json'], env)).stdout) as {
      run_id: string
      command: string
      status: string
      steps_by_status: Record<string, number>
    }[]
    expect(
      runs.map(({ command, status, steps_by_status }) => [command, status, steps_by_status]),
    ).toEqual([
      ['run', 'success', { success: 1 }],
      ['build', 'failed', { success: 3, error: 1 }],
    ])
    const list = (await gm(root, ['history'], env)).stdout.split('\n')
    expect(list[2]).toMatch(
      new RegExp(
        `^${runs[0]?.run_id ?? ''} +\\| \\d{4}-\\d\\d-\\d\\d .*\\| run +\\| default \\| success \\| 1 success$`,
      ),
    )

    const id = runs[1]?.run_id ?? ''
    const shown = (await gm(root, ['history', 'show', id.slice(0, 8)], env)).stdout
    expect(shown).toContain(`run ${id}  failed`)
    expect(shown).toMatch(
      /model\.shop\.numbers +\| success +\| [\d.]+s +\| 3 inserted +\| build table +\| first build/,
    )
    expect(shown).toContain('GM4001  division by zero')
    const whole = JSON.parse(
      (await gm(root, ['history', 'show', '--output', 'json'], env)).stdout,
    ) as { run_id: string; steps: { node_id: string; inserted: number }[] }
    expect(whole).toMatchObject({
      run_id: runs[0]?.run_id,
      steps: [{ node_id: 'model.shop.numbers', inserted: 3, retries: 0, status: 'success' }],
    })
    await screen('history-no-such-run', { root, args: ['history', 'show', 'ffffffffffffffff'] })

    await sql(
      `update gm.runs set started_at = started_at - interval '31 days' where command = 'build'`,
    )
    expect((await gm(root, ['history', 'prune', '--older-than', '30d'], env)).stdout).toBe(
      '1 run forgotten. Tables and marks are as they were.\n',
    )
    expect(await sql('select command from gm.runs')).toEqual([{ command: 'run' }])
    expect(await sql('select count(*)::int as n from gm.steps')).toEqual([{ n: 1 }])
  })

  test('says of a run that goes on that it runs, and of one that was killed that it was interrupted, before any other run has come', async ({
    env,
    sql,
    project,
    untilRuns,
    untilGone,
  }) => {
    const root = await project({
      'project.yml': 'name: shop\n',
      'models/slow.sql':
        "{{ config(materialized='table') }}\nselect pg_sleep(600)::text as nothing",
    })
    const { child, ended } = startGm(root, ['run'], env)
    await untilRuns('pg_sleep')
    const shown = async (...args: string[]): Promise<string> =>
      (await gm(root, ['history', ...args], env)).stdout
    expect(await shown()).toMatch(/\| run +\| default \| running/)
    child.kill('SIGKILL')
    await ended
    await untilGone('pg_sleep')
    expect(await shown()).toMatch(/\| run +\| default \| interrupted/)
    expect(await shown('show')).toMatch(/^run \w+ {2}interrupted$/m)
    expect(JSON.parse(await shown('--output', 'json'))).toMatchObject([
      { status: 'interrupted', finished_at: null },
    ])
    // To look changes nothing.
    expect(await sql('select status from gm.runs')).toEqual([{ status: 'running' }])
  })

  test('each run forgets failed rounds of --follow after a day, and other runs after history_retention_days', async ({
    env,
    sql,
    project,
  }) => {
    const root = await project({
      ...SHOP,
      'project.yml': 'name: shop\nhistory_retention_days: 10\n',
    })
    await gm(root, ['run', '-s', 'numbers'], env)
    await sql(`insert into gm.runs (run_id, command, project, target, gm_version, started_at, finished_at, status)
select command || status || days, command, 'shop', 'default', '0', now() - make_interval(days => days), now(), status
from unnest(array['follow', 'build']) as command, unnest(array['success', 'failed']) as status, unnest(array[2, 11]) as days`)
    await gm(root, ['run', '-s', 'numbers'], env)
    expect(await sql('select run_id from gm.runs where gm_version = $1 order by 1', ['0'])).toEqual(
      [{ run_id: 'buildfailed2' }, { run_id: 'buildsuccess2' }, { run_id: 'followsuccess2' }],
    )
  })
})

describe('gm reset', () => {
  test('names what it drops, drops what gm made and nothing else, and the next build makes it again', async ({
    env,
    sql,
    project,
    screen,
  }) => {
    const { 'models/broken.sql': broken, ...good } = SHOP
    expect(broken).toBeDefined()
    const root = await project({
      ...good,
      'models/old.sql': 'select 1 as n',
      'models/taken.sql': "{{ config(materialized='table') }}\nselect 1 as n",
    })
    await gm(root, ['build'], env)
    await sql('create table public.by_hand (n int)')
    await sql('drop table public.taken')
    await sql('create table public.taken (mine int)')
    // The project no longer has it, and it is still gm's.
    await rm(join(root, 'models/old.sql'))
    await screen('reset-asks', { root, args: ['reset'] })
    expect(await sql(`select to_regclass('doubled') is not null as there`)).toEqual([
      { there: true },
    ])

    const { stdout } = await gm(root, ['reset', '--dry-run', '--log-format', 'json'], env)
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'reset-plan',
      drop: ['doubled', 'numbers', 'old'].map((name) => ({ name: `"public"."${name}"` })),
      keep: [{ name: '"public"."seen"' }, { name: '"public"."taken"' }],
    })

    await gm(root, ['reset', '--yes'], env)
    expect(
      await sql(
        `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1`,
      ),
    ).toEqual([{ relname: 'by_hand' }, { relname: 'seen' }, { relname: 'taken' }])
    expect(await sql('select relation from gm.relations order by 1')).toEqual([
      { relation: '"public"."seen"' },
      { relation: '"public"."taken"' },
    ])
    expect(
      await sql(`select command, status from gm.runs order by started_at desc limit 1`),
    ).toEqual([{ command: 'reset', status: 'success' }])
    await sql('drop table public.taken')
    await gm(root, ['build'], env)
    expect(await sql('select n from doubled order by n')).toEqual([{ n: 2 }, { n: 4 }, { n: 6 }])
    expect(await sql('select count(*)::int as n from seen')).toEqual([{ n: 3 }])
  })

  test('drops nothing at all while a view of somebody else reads one of the relations, and says which', async ({
    env,
    sql,
    project,
    screen,
  }) => {
    const { 'models/broken.sql': broken, ...good } = SHOP
    expect(broken).toBeDefined()
    const root = await project(good)
    await gm(root, ['run'], env)
    await sql('create view theirs as select n from doubled')
    await screen('reset-foreign-view', { root, args: ['reset', '--yes'] })
    expect(await sql('select count(*)::int as n from theirs')).toEqual([{ n: 3 }])
    expect(await sql('select count(*)::int as n from gm.relations')).toEqual([{ n: 2 }])
  })

  test('keeps a view that somebody has put in the place of the one that gm made', async ({
    env,
    sql,
    project,
  }) => {
    const root = await project({
      'models/one.sql': 'select 1 as n',
      'models/two.sql': 'select 2 as n',
    })
    await gm(root, ['run'], env)
    await sql('drop view one; create view one as select 7 as mine')
    await gm(root, ['reset', '--yes'], env)
    expect(await sql('select mine from one')).toEqual([{ mine: 7 }])
    expect(await sql(`select to_regclass('two') as two`)).toEqual([{ two: null }])
  })

  test('drops nothing while something needs the type of a relation, or an array of it, and says what', async ({
    env,
    sql,
    project,
  }) => {
    const root = await project({
      'models/numbers.sql': "{{ config(materialized='table') }}\nselect 1 as n",
    })
    await gm(root, ['run'], env)
    await sql('create table theirs (one numbers, more numbers[])')
    const refused = await gm(root, ['reset', '--yes'], env, 2)
    expect(refused.stderr).toContain('"public"."numbers", which table theirs depends on')
    expect(await sql('select relation from gm.relations')).toEqual([
      { relation: '"public"."numbers"' },
    ])
  })
})
