import pg from 'pg'
import { expect } from 'vitest'
import { createLedger, TRACKED, test } from '../testing/sql-fixture.ts'
import { moveMarks, newRows } from './marks.ts'

const PARENT = '"public"."parent"'
const CHILD = '"public"."child"'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** The rows that each part of a plan has looked at, those included that it threw away. */
function rowsLookedAt(plan: PlanNode): number[] {
  const own = plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)
  return [own, ...(plan.Plans ?? []).flatMap(rowsLookedAt)]
}

test('what has been read is not looked at again while a transaction from before it stays open', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  await sql(`create table public.parent (id int, _gm_xid xid8 not null default pg_current_xact_id());
    create index on public.parent (_gm_xid)`)
  const { host, port, user, password, database } = connection
  const holder = new pg.Client({ host, port, user, password, database })
  await holder.connect()
  try {
    await holder.query('begin; insert into public.parent values (-1)')
    await sql(`insert into public.parent select i from generate_series(1, 20000) i`)
    for (const move of moveMarks(TRACKED, CHILD, [PARENT])) await sql(move.sql)
    await sql(`insert into public.parent values (0)`)
    await sql('analyze public.parent')
    const [row] = await sql<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
      `explain (analyze, format json) select id from ${newRows(CHILD, PARENT)} as n`,
    )
    const looks = row?.['QUERY PLAN'].flatMap(({ Plan }) => rowsLookedAt(Plan)) ?? []
    expect(Math.max(...looks)).toBe(1)

    // The row of the open transaction is new when it comes, though it is older than the mark.
    await holder.query('commit')
    expect(await sql(`select id from ${newRows(CHILD, PARENT)} as n order by id`)).toEqual([
      { id: -1 },
      { id: 0 },
    ])
  } finally {
    await holder.end()
  }
})
