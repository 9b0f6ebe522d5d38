import { expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

const SHOP = {
  'project.yml': 'name: shop\n',
  'seeds/events.csv':
    'id,at\n1,2026-01-01 10:00:00\n2,2026-01-05 10:00:00\n3,2026-01-06 10:00:00\n',
  'seeds/schema.yml': 'seeds: [{name: events, config: {event_time: at}}]\n',
  'models/copied.sql':
    "{{ config(materialized='table') }} select id, at from {{ ref('events') }} as e",
  'models/grown.sql':
    "{{ config(materialized='incremental', unique_key='id') }} select id from {{ changes(ref('log')) }}",
  'models/batched.sql':
    "{{ config(materialized='incremental', incremental_strategy='microbatch', batch_size='year', begin='2026-01-01', event_time='at') }} select id, at from {{ ref('log') }}",
  'models/log.sql':
    "{{ config(materialized='incremental', unique_key='id', event_time='at') }} select id, at from {{ ref('events') }}",
}

test('--empty and --sample build from a part, leave what keeps its rows, and the next run builds the whole', async ({
  connection,
  project,
  sql,
}) => {
  const env = databaseUrl(connection)
  const root = await project(SHOP)
  const counts = async (): Promise<readonly number[]> => {
    const [row] = await sql<{ counts: readonly number[] }>(
      'select array[(select count(*)::int from copied), (select count(*)::int from log), (select count(*)::int from grown), (select count(*)::int from batched)] as counts',
    )
    return row?.counts ?? []
  }
  await gm(root, ['build', '--empty'], env)
  expect(await counts()).toEqual([0, 0, 0, 0])
  const sample = ['--sample', "{'start': '2026-01-05', 'end': '2026-01-06 10:00:00'}"]
  await gm(root, ['run', ...sample], env)
  expect(await counts()).toEqual([1, 1, 1, 1])
  await gm(root, ['run', '--sample', '1 day', '--as-of', '2026-01-06T10:00:00Z'], env)
  expect(await counts()).toEqual([1, 1, 1, 1])

  // No mark was moved: nothing is missing once the whole is read.
  await gm(root, ['run'], env)
  expect(await counts()).toEqual([3, 3, 3, 3])
  const kept = await gm(root, ['run', '--empty', '--explain'], env)
  expect(kept.stdout).toContain('a part of its inputs would not make it again')
  expect(await counts()).toEqual([0, 3, 3, 3])
  await gm(root, ['run'], env)
  expect(await counts()).toEqual([3, 3, 3, 3])
  const refused = await gm(root, ['run', '--sample', '3 weeks'], env, 2)
  expect(refused.stderr).toContain('--sample is a length of time such as "3 days"')
})
