import { expect } from 'vitest'
import { createLedger, test } from '../testing/sql-fixture.ts'
import { foldRounds } from './fold-rounds.ts'

test('the rounds of an hour that went well become one run with all their rows; others stay', async ({
  sql,
}) => {
  await createLedger(sql)
  await sql(`insert into gm.runs (run_id, command, project, target, gm_version, status, started_at, finished_at)
    select run_id, command, 'shop', 'dev', '1', status, at::timestamptz, at::timestamptz + interval '1 second'
    from (values
      ('earlier hour', 'follow', 'success', '2026-01-01 13:59:59Z'),
      ('first', 'follow', 'success', '2026-01-01 14:00:01Z'),
      ('broken', 'follow', 'failed', '2026-01-01 14:00:02Z'),
      ('by hand', 'run', 'success', '2026-01-01 14:00:03Z'),
      ('last', 'follow', 'success', '2026-01-01 14:00:04Z')) v (run_id, command, status, at)`)
  await sql(`insert into gm.steps (run_id, node_id, action, reason, status, inserted, updated)
    values ('first', 'a', 'increment', 'new rows', 'success', 5, 1), ('last', 'a', 'reuse', 'nothing new', 'reused', null, null),
      ('first', 'b', 'increment', 'new rows', 'success', 2, null), ('last', 'b', 'increment', 'new rows', 'success', 3, null),
      ('by hand', 'a', 'increment', 'new rows', 'success', 100, null)`)

  const { sql: text, binds } = foldRounds('last')
  await sql(text, binds as unknown[])

  expect(
    await sql(`select run_id, to_char(started_at at time zone 'UTC', 'HH24:MI:SS') as started,
      to_char(finished_at at time zone 'UTC', 'HH24:MI:SS') as finished from gm.runs order by started_at`),
  ).toEqual([
    { run_id: 'earlier hour', started: '13:59:59', finished: '14:00:00' },
    { run_id: 'last', started: '14:00:01', finished: '14:00:05' },
    { run_id: 'broken', started: '14:00:02', finished: '14:00:03' },
    { run_id: 'by hand', started: '14:00:03', finished: '14:00:04' },
  ])
  expect(
    await sql(`select node_id, status, action, inserted::int, updated::int from gm.steps
      where run_id = 'last' order by node_id`),
  ).toEqual([
    { node_id: 'a', status: 'success', action: 'increment', inserted: 5, updated: 1 },
    { node_id: 'b', status: 'success', action: 'increment', inserted: 5, updated: null },
  ])
})
