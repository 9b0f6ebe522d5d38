import type { Statement } from '../engine/statement.ts'
import { literal } from '../manifest/quoted.ts'
import { isFollowing } from '../state/key-log.ts'
import type { Look } from '../state/ledger.ts'
import { isLookedTo } from '../state/ledger.ts'
import type { Materials } from './materialize.ts'

/**
 * True while the warehouse is as the plan saw it: the same table behind the name, at the same revision, nothing pending,
 * and behind each marked input the table that the mark belongs to; where a look is gone on from, it still holds. It is the transaction's first query, so it also fixes
 * the pg_snapshot, after the locks.
 */
export function guardTarget(
  targetQuoted: string,
  materials: Pick<Materials, 'target' | 'marked' | 'readAgain' | 'keyReaders'> & {
    /** Undefined where the step has moved it itself. */
    readonly revision: string | undefined
  },
  look?: Look,
): Statement {
  const generation = materials.target?.generation
  const conditions = [
    `to_regclass(${literal(targetQuoted)})::oid::text is not distinct from ${generation === undefined ? 'null' : literal(generation)}`,
    ...(materials.revision === undefined
      ? []
      : [
          `coalesce((select r.revision from gm.relations r where r.relation = ${literal(targetQuoted)}), 0) = ${BigInt(materials.revision)}`,
        ]),
    `not exists (select from gm.pending p where p.target = ${literal(targetQuoted)})`,
    ...[...materials.marked].map(
      ([input, of]) =>
        `exists (select from gm.marks m where m.relation = ${literal(targetQuoted)} and m.input = ${literal(input)}
    and m.generation = ${literal(of)} and m.generation = to_regclass(${literal(input)})::oid::text)`,
    ),
    ...(look === undefined ? [] : [isLookedTo(targetQuoted, look)]),
    ...(materials.marked.size === 0 && materials.readAgain.size === 0
      ? []
      : materials.keyReaders.map((reader) => isFollowing(targetQuoted, reader))),
  ]
  return {
    purpose: 'guard',
    guard: `${targetQuoted} is as planned`,
    // The setting tells the table's trigger that what is written from here on is the step's own doing.
    sql: `select ${conditions.join('\n  and ')} as ok,
  set_config('gm.step', coalesce(to_regclass(${literal(targetQuoted)})::oid::text, ''), true)`,
  }
}
