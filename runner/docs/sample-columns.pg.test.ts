import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { test } from '../testing/sql-fixture.ts'
import { relationFacts } from './relation-facts.ts'
import { sampleColumns } from './sample-columns.ts'

const RELATION = { schema: 'public', identifier: 'odd "table"' }

test('a sample tells nulls, extremes, intervals and common words, and never reads a private column', async ({
  sql,
  connection,
}) => {
  await sql(`create table "odd ""table""" as
    select i as id, nullif(i % 4, 0)::numeric as part, case when i % 3 = 0 then 'often' else 'word ' || i end as "a ""word""",
      'person ' || i as email, date '2026-01-01' + i as day, array[i] as list, 'NaN'::float8 as nothing,
      case when i = 1 then timestamp 'infinity' else timestamp '2026-01-01' end as ends
    from generate_series(1, 120) as i`)
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  try {
    const facts = (await relationFacts(session, [RELATION])).get('"public"."odd ""table"""')
    if (facts === undefined) throw new Error('no facts')
    const found = await sampleColumns(session, facts, (column) => column === 'email')
    expect([...found.keys()]).toEqual(['id', 'part', 'a "word"', 'day', 'nothing', 'ends'])
    expect(found.get('id')).toEqual({
      sampledRows: 120,
      nullShare: 0,
      distinct: 120,
      least: '1',
      greatest: '120',
      histogram: Array.from({ length: 12 }, () => 10),
    })
    expect(found.get('part')).toMatchObject({ nullShare: 0.25, distinct: 3 })
    expect(found.get('a "word"')?.commonest).toEqual([['often', 40]])
    expect(found.get('nothing')?.histogram).toBeUndefined()
    expect(found.get('ends')).toMatchObject({ greatest: 'infinity' })
  } finally {
    await session.close()
    await adapter.close()
  }
})
