import type { Session } from '../engine/adapter.ts'

/** What a relation was made of, or a test has read, and whether all of it is still so. */
export interface Basis {
  /** Of what was run. */
  readonly code: string
  /** Why it is no longer so, for people; undefined while nothing has changed. */
  readonly changed: string | undefined
  /** Which table gm left behind the name; undefined for a test. */
  readonly generation: string | undefined
}

/**
 * The states of all names that matter are looked up once and then compared, in one join: state by state for each name
 * would be a million looks for a thousand models. News of landed tables are looked for by
 * their index, and only where nothing else tells that the table has changed.
 */
const READ_BASES = `
with based as materialized (
  select r.relation as key, r.relation, r.kind, r.code, r.identity, r.reads, r.read_at
  from gm.relations r
  where r.reads is not null and ($1::text is null or r.relation = $1)
  union all
  select p.node_id, null, 'test', p.code, null, p.reads, p.read_at
  from (
    select distinct on (node_id) * from gm.passes
    where has_passed and ($1::text is null or node_id = $1)
    order by node_id, tested_at desc
  ) as p
),
names as (
  select relation as name from based where relation is not null
  union
  select read.name from based, jsonb_object_keys(based.reads) as read (name)
),
states as materialized (
  select * from gm.states((select array_agg(name) from names))
),
changed as (
  select b.key, jsonb_agg(jsonb_build_array(
    read.key,
    case when read.value is null then 'unknown' when s.name is null then 'gone' else 'changed' end
  ) order by read.value is null, read.key) as inputs
  from based b
  cross join lateral jsonb_each_text(b.reads) as read
  left join states s on s.name = read.key
  where case
    when read.value is null or s.name is null then true
    when read.value is distinct from case b.kind when 'view' then s.identity else s.state end then true
    when b.kind <> 'view' and s.has_news_by_xid then gm.has_news(read.key, b.read_at)
    else false
  end
  group by b.key
)
select coalesce(jsonb_agg(jsonb_build_array(
  b.key,
  b.code,
  split_part(b.identity, '/', 1),
  b.identity is distinct from own.identity,
  coalesce(own.touches, 0) > 0,
  changed.inputs
)), '[]') as bases
from based b
left join states own on own.name = b.relation
left join changed using (key)`

/** Stands among the relations that were read for what SQL is run under: see gm.settings(). */
const SETTINGS = '"gm"."settings"'

type Found = readonly [
  key: string,
  code: string,
  generation: string | null,
  isOther: boolean,
  isTouched: boolean,
  changed: readonly (readonly [input: string, how: 'unknown' | 'gone' | 'changed'])[] | null,
]

/**
 * By quoted name of the relation, and by id of the test. One round trip.
 * @param key one relation or test; undefined for all.
 */
export async function readBases(
  session: Session,
  key: string | undefined,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Basis>> {
  const { rows } = await session.query(
    { purpose: 'read what was read', sql: READ_BASES, binds: [key ?? null] },
    signal,
  )
  const found = (rows[0]?.['bases'] ?? []) as readonly Found[]
  return new Map(
    found.map(([of, code, generation, isOther, isTouched, changed]) => [
      of,
      {
        code,
        generation: generation ?? undefined,
        changed: reason(isOther, isTouched, changed ?? []),
      },
    ]),
  )
}

/** An input that gm swapped takes its views along: so the inputs are looked at first. */
function reason(
  isOther: boolean,
  isTouched: boolean,
  changed: NonNullable<Found[5]>,
): string | undefined {
  const [first] = changed
  if (first !== undefined) {
    const [input, how] = first
    if (input === SETTINGS) return 'settings of the session have changed'
    if (how === 'unknown') return `gm cannot tell whether ${input} has changed`
    return how === 'gone' ? `its input ${input} is gone` : `its input ${input} has changed`
  }
  // A table that was emptied has another file, too, and its rows are what matters.
  if (isTouched) return 'its rows were changed by hand'
  return isOther ? 'it was changed by hand' : undefined
}
