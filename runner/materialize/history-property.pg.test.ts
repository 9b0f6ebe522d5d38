import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { randomBelow, SEED } from '../testing/random.ts'
import { createLedger, test } from '../testing/sql-fixture.ts'

/** GM_LONG has the whole size; CI takes a part that still has every kind of change many times. */
const IS_LONG = process.env.GM_LONG === '1'
const KEYS = IS_LONG ? 10_000 : 150
const RUNS = IS_LONG ? 30 : 8

interface Row {
  readonly value: number
  readonly other: number
  /** Minutes; the time of the last change, as the source says it. */
  readonly at: number
}

interface Version {
  readonly value: number
  readonly isDeleted: boolean
  readonly isOpen: boolean
}

type Strategy = 'timestamp' | 'check'
type HardDeletes = 'ignore' | 'invalidate' | 'new_record'

/** The rules in the plainest words, for one key and one look. */
function look(
  versions: (Version & { readonly at: number })[],
  row: Row | undefined,
  strategy: Strategy,
  hardDeletes: HardDeletes,
): void {
  const last = versions.at(-1)
  const open = last?.isOpen === true ? last : undefined
  const close = (): void => {
    const closing = versions.pop()
    if (closing !== undefined) versions.push({ ...closing, isOpen: false })
  }
  if (row === undefined) {
    if (open === undefined || open.isDeleted || hardDeletes === 'ignore') return
    close()
    if (hardDeletes === 'new_record') versions.push({ ...open, isDeleted: true })
    return
  }
  const isChanged =
    open === undefined ||
    open.isDeleted ||
    (strategy === 'timestamp' ? open.at < row.at : open.value !== row.value)
  if (!isChanged) return
  if (open !== undefined) close()
  versions.push({ value: row.value, at: row.at, isDeleted: false, isOpen: true })
}

function project(strategy: Strategy, hard_deletes: HardDeletes): PlainProject {
  return plainProject({
    goods: { kind: 'source', schema: 'raw' },
    history: {
      kind: 'snapshot',
      config: {
        unique_key: ['id'],
        strategy,
        hard_deletes,
        no_overlaps: true,
        ...(strategy === 'timestamp' ? { updated_at: 'at' } : { check_cols: ['value'] }),
      },
      inputs: ['goods'],
      sql: ({ ref }) => `select * from ${ref('goods')}`,
    },
  })
}

/** What must hold of every history, whatever happened: any row that this gives is a fault. */
const FAULTS = (allowsGaps: boolean): string => `with versions as (
  select *, lead(dbt_valid_from) over (partition by id order by dbt_valid_from) as next
  from shop.history
)
select id, 'overlap' as fault from versions where next < coalesce(dbt_valid_to, 'infinity')
union all select id, 'empty' from versions where dbt_valid_to <= dbt_valid_from
union all select id, 'several hold' from versions where dbt_valid_to is null group by id having count(*) > 1
union all select id, 'one id twice' from versions group by id, dbt_scd_id having count(*) > 1
${
  allowsGaps
    ? ''
    : `union all select id, 'gap' from versions where next > dbt_valid_to
union all select id, 'none holds' from versions group by id having count(*) filter (where dbt_valid_to is null) = 0`
}`

test.for([
  ['timestamp', 'ignore'],
  ['timestamp', 'invalidate'],
  ['timestamp', 'new_record'],
  ['check', 'ignore'],
  ['check', 'invalidate'],
  ['check', 'new_record'],
] as const)(
  'random changes, deletions and returns under %s with hard_deletes: %s give the versions of a plain reference, without a fault',
  { timeout: IS_LONG ? 1_800_000 : 120_000 },
  async ([strategy, hardDeletes], { connection, sql }) => {
    const below = randomBelow(SEED)
    await createLedger(sql)
    await sql(
      `create schema raw; create table raw.goods (id int, value int, other int, at timestamp)`,
    )
    const rows = new Map<number, Row>()
    const gone = new Map<number, Row>()
    const expected = new Map<number, (Version & { readonly at: number })[]>()
    const adapter = createPostgresAdapter(connection)
    try {
      for (let run = 1; run <= RUNS; run++) {
        for (let id = 0; id < KEYS; id++) change(id, run, rows, gone, below)
        // Half of the runs find rows that nobody has written since the last look.
        if (run % 4 < 2) await sql('truncate raw.goods')
        await sql(
          `create temporary table goods as select * from raw.goods with no data;
           alter table goods add primary key (id)`,
        )
        await sql(
          `insert into goods
           select (r->>0)::int, (r->>1)::int, (r->>2)::int, timestamp '2026-01-01' + (r->>3)::int * interval '1 minute'
           from jsonb_array_elements($1::jsonb) r`,
          [JSON.stringify([...rows].map(([id, row]) => [id, row.value, row.other, row.at]))],
        )
        await sql(`merge into raw.goods g using goods n on g.id = n.id
          when not matched then insert values (n.id, n.value, n.other, n.at)
          when matched and (g.value, g.other, g.at) is distinct from (n.value, n.other, n.at)
            then update set value = n.value, other = n.other, at = n.at
          when not matched by source then delete;
          drop table goods`)
        const result = await runPlain(project(strategy, hardDeletes), adapter, { reuse: 'models' })
        expect(result.steps.map((step) => step.error)).toEqual([undefined])
        for (let id = 0; id < KEYS; id++) {
          const versions = expected.get(id) ?? []
          look(versions, rows.get(id), strategy, hardDeletes)
          if (versions.length > 0) expected.set(id, versions)
        }
        expect(await sql(FAULTS(hardDeletes === 'invalidate')), `seed ${SEED}, run ${run}`).toEqual(
          [],
        )
      }
      const found = await sql<{ id: number; versions: Version[] }>(
        `select id, jsonb_agg(jsonb_build_object('value', value, 'isDeleted', ${hardDeletes === 'new_record' ? `dbt_is_deleted = 'True'` : 'false'},
           'isOpen', dbt_valid_to is null) order by dbt_valid_from) as versions
         from shop.history group by id order by id`,
      )
      const wanted = [...expected]
        .sort(([a], [b]) => a - b)
        .map(([id, versions]) => ({
          id,
          versions: versions.map(({ value, isDeleted, isOpen }) => ({ value, isDeleted, isOpen })),
        }))
      expect(found, `seed ${SEED}`).toEqual(wanted)
    } finally {
      await adapter.close()
    }
  },
)

/** One key between two looks: mostly nothing; a change with or without a later time, a deletion, a return as it was. */
function change(
  id: number,
  run: number,
  rows: Map<number, Row>,
  gone: Map<number, Row>,
  below: (below: number) => number,
): void {
  const row = rows.get(id)
  if (row === undefined) {
    const before = gone.get(id)
    if (below(3) === 0) {
      const returns = before !== undefined && below(2) === 0
      rows.set(
        id,
        returns ? before : { value: below(5), other: below(5), at: run * 10 + below(10) },
      )
    }
    return
  }
  switch (below(8)) {
    case 0:
      rows.set(id, { ...row, value: below(5), at: run * 10 + below(10) })
      return
    case 1: // A change that forgets to say so, or says an earlier time.
      rows.set(id, { ...row, value: below(5), at: below(2) === 0 ? row.at : row.at - 5 })
      return
    case 2:
      rows.set(id, { ...row, other: below(5) })
      return
    case 3:
      gone.set(id, row)
      rows.delete(id)
      return
    default:
  }
}
