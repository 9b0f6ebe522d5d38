import type { Statement } from '../engine/statement.ts'
import type { Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { isNew, XID_COLUMN } from './marks.ts'

/** Keys of one input that a relation follows, by quoted names. */
export interface KeyReader {
  readonly input: string
  readonly columns: readonly string[]
}

/** The columns as the key log names them. */
export function keyColumns(columns: readonly string[]): string {
  return columns.map(identifier).join(', ')
}

/**
 * Nothing is logged for what the project has no more. Another target's relations stand in other schemas, and those that a run
 * publishes together under other names have readers of their own.
 */
export function forgetGone(project: string, relations: readonly Relation[]): Statement {
  const schemas = [...new Set(relations.map(({ schema }) => `${identifier(schema)}.`))]
  return {
    purpose: 'forget readers that are gone',
    sql: `delete from gm.key_readers k using gm.relations r
where r.relation = k.relation and r.project = $1
  and r.relation not in (select jsonb_array_elements_text($2::jsonb))
  and exists (select from jsonb_array_elements_text($3::jsonb) s where starts_with(r.relation, s))
  and not exists (select from gm.shadows s where s.relation = r.relation)`,
    binds: [project, JSON.stringify(relations.map(quoted)), JSON.stringify(schemas)],
  }
}

/** An input with key columns, in one text. */
export function followedName({ input, columns }: KeyReader): string {
  return `${input} (${keyColumns(columns)})`
}

/**
 * The keys of `input` that rows have or had which are new to `relation`'s mark on it, were changed or were deleted since: those of
 * its new rows, and those that the key log holds.
 */
export function changedKeys(
  relation: string,
  input: string,
  columns: readonly string[],
  column = XID_COLUMN,
): string {
  const list = keyColumns(columns)
  const old = columns.map((name) => `old_key.${identifier(name)}`).join(', ')
  return `(
  select ${list} from ${input}
  where ${isNew(relation, input, `"${column}"`)}
  union
  select ${old} from gm.key_log as log
  cross join lateral jsonb_populate_record(null::${input}, log.key) as old_key
  where log.generation = ${literal(input)}::regclass::oid
    and log.columns = ${literal(list)}
    and ${isNew(relation, input, 'log.xid')}
)`
}

/** What `changed_keys()` gives where everything is new. */
export function allKeys(input: string, columns: readonly string[]): string {
  return `(select distinct ${keyColumns(columns)} from ${input})`
}

/**
 * Has the keys that the input loses written down from now on: before the transaction that reads the input whole, so that none is
 * lost in between. Waits for writers of the input the first time, when its triggers are made.
 */
export function followKeys(relation: string, { input, columns }: KeyReader): Statement {
  const args = [relation, input, keyColumns(columns)].map(literal).join(', ')
  return { purpose: `log keys of ${input}`, sql: `select gm.follow_keys(${args})` }
}

/** Nothing is logged for a relation of what it was made with before and is not any more. */
export function forgetReaders(relation: string, readers: readonly KeyReader[]): Statement {
  const kept = readers.map(
    ({ input, columns }) => `(${literal(input)}, ${literal(keyColumns(columns))})`,
  )
  const others = kept.length === 0 ? '' : ` and (input, columns) not in (${kept.join(', ')})`
  return {
    purpose: 'forget old keys',
    sql: `delete from gm.key_readers where relation = ${literal(relation)}${others}`,
  }
}

/** True while the keys of the input, and of each of its parts, are logged for the relation, and have been since it was built. */
export function isFollowing(relation: string, { input, columns }: KeyReader): string {
  const args = [relation, input, keyColumns(columns)].map(literal).join(', ')
  return `gm.is_following(${args}) and not gm.has_other_parts(${args})`
}

/** Forgets keys that every reader has seen: its mark on the input is past them. */
export const PRUNE_KEY_LOG: Statement = {
  purpose: 'prune key log',
  sql: `delete from gm.key_log log
where not exists (
  select from gm.key_readers r
  left join gm.marks m on m.relation = r.relation and m.input = r.input and m.generation = r.generation::text
  where r.generation = log.generation and log.columns in (r.columns, '*')
    and not pg_visible_in_snapshot(log.xid, coalesce(m.mark, r.since))
)`,
}
