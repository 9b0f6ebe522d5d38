import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import type { ModelNode, SnapshotNode } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import type { MisuseKind, Written } from '../sql/changes-misuse.ts'
import {
  CHANGES_SCHEMA,
  judgeChanges,
  KEYS_SCHEMA,
  UNCHECKED_SCHEMA,
} from '../sql/changes-misuse.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'
import type { Compiled, CompileState } from './compiled.ts'

/** A node's incremental SQL, with names in place of what it reads through `changes()`. */
export interface CheckedSql {
  readonly node: ModelNode | SnapshotNode
  readonly compiled: Compiled
  /** The same SQL for the same table has the same. */
  readonly key: string
}

/** Counted up with every change of what is refused: what was found good by other rules is judged again. */
const RULES = 6

function written({ kind, relation, config }: CheckedSql['node']): Written {
  const { schema, identifier: name } = relation
  const isAppended = kind === 'model' && config.incremental_strategy === 'append'
  // A history has a row of each key and time.
  const times = kind === 'snapshot' && config.updated_at !== undefined ? [config.updated_at] : []
  const uniqueKey = isAppended ? [] : [...config.unique_key, ...times]
  const isFromEvents = kind === 'snapshot' && config.strategy === 'events'
  const historyOf = isFromEvents ? config.unique_key : undefined
  return { schema, identifier: name, uniqueKey, historyOf }
}

/**
 * What is to be checked of a node; undefined where nothing can be: it follows nothing, or its SQL is only known with a
 * database.
 */
export function sqlToCheck(
  node: ModelNode | SnapshotNode,
  compile: (node: ModelNode | SnapshotNode, state: CompileState) => Compiled,
  vars: CompileState['vars'],
): CheckedSql | undefined {
  if (node.changesOf.length === 0) return undefined
  const named = (schema: string, name: string): string =>
    `${identifier(schema)}.${identifier(name)}`
  try {
    const compiled = compile(node, {
      isIncremental: true,
      vars,
      changes: (_input, relation, _columnsOf, isUnchecked) =>
        named(isUnchecked === true ? UNCHECKED_SCHEMA : CHANGES_SCHEMA, relation.identifier),
      changedKeys: (_input, relation, _columns, _columnsOf, isUnchecked) =>
        named(isUnchecked === true ? UNCHECKED_SCHEMA : KEYS_SCHEMA, relation.identifier),
    })
    const judged = [RULES, written(node), compiled.sql]
    return { node, compiled, key: hash('sha256', JSON.stringify(judged)) }
  } catch {
    // Compiling for the run says what is wrong, if it is.
    return undefined
  }
}

export interface CheckedChanges {
  /** GM3014 for each `changes()` that a query reads in a way that loses rows. */
  readonly errors: readonly GmError[]
  /** delete+insert would lose rows of a key that has several. */
  readonly needsUniqueKey: boolean
}

/** How a query reads what is new. SQL that PostgreSQL refuses is left to it. */
export function checkChanges({ node, compiled }: CheckedSql, parse: ParseSql): CheckedChanges {
  const parsed = parse(compiled.sql)
  if (isSyntaxError(parsed)) return { errors: [], needsUniqueKey: false }
  const { misuses, isReplacedByPart } = judgeChanges(parsed, written(node))
  const isReplaced = node.kind === 'model' && node.config.incremental_strategy === 'delete+insert'
  return {
    errors: misuses.map(({ kind, input, offset }) => {
      const { what, instead } = EXPLAINED[kind]
      return new GmError('GM3014', `changes of ${input} would be lost: ${what}`, {
        at: compiled.lines.locate(offset) ?? node.at,
        calledFrom: compiled.lines.callersOf(offset),
        hint: `${instead} ${ofKeys.has(kind) ? UNCHECKED_KEYS : UNCHECKED}`,
      })
    }),
    needsUniqueKey: isReplaced && isReplacedByPart,
  }
}

const RECOMPUTE =
  'Read the whole with ref(), for the keys that changed only: where key in ({% call recompute(…) %} select … from {{ changed_keys(…) }} … {% endcall %}).'

const UNCHECKED = 'If nothing is lost here, say so: changes(…, unchecked=true).'

const UNCHECKED_KEYS =
  'If nothing is lost here, say so: changed_keys(…, unchecked=true), changes(…, unchecked=true).'

/** What changed keys can do as well as changed rows. */
const ofKeys: ReadonlySet<MisuseKind> = new Set([
  'part of a group',
  'part of a history',
  'choice of two sides',
  'choice behind an outer join',
])

const EXPLAINED: Readonly<Record<MisuseKind, { readonly what: string; readonly instead: string }>> =
  {
    join: {
      what: 'they are joined with rows that may change later, when these are not read again',
      instead: RECOMPUTE,
    },
    lookup: {
      what: 'they are compared with rows that may change later, when these are not read again',
      instead: RECOMPUTE,
    },
    value: {
      what: 'a column is computed of them without the rows that were read before',
      instead: RECOMPUTE,
    },
    'outer join': {
      what: 'they stand on the side of an outer join that may be empty',
      instead: RECOMPUTE,
    },
    'choice of two sides': {
      what: 'they choose rows on both sides of an intersect or except, on each by something else, and what is compared lacks the others',
      instead:
        'Choose from what is left: select … from (select … except select …) as a where a.user_id in (select user_id from …).',
    },
    'choice behind an outer join': {
      what: 'they choose rows by a column that an outer join may leave empty, and a row that loses its partner has it empty',
      instead:
        'Choose by what it is joined with, on the side that is always there: where o.user_id in (select user_id from …), of orders o left join users u on u.user_id = o.user_id.',
    },
    aggregate: {
      what: 'they are aggregated without the rows that were read before',
      instead: RECOMPUTE,
    },
    'part of a group': {
      what: 'they choose rows of a group, and what is computed of these lacks the others',
      instead:
        "Choose rows by what they are grouped by: where user_id in (select user_id from …) … group by user_id; date_trunc('month', day) in (select date_trunc('month', day) from …) … group by date_trunc('month', day). Of a union, choose from the whole of it: from (select … union all select …) as a where a.user_id in (…). Where all rows of a group are the same in what chooses them, group by it as well.",
    },
    'part of a history': {
      what: 'they choose events of a key, and its versions are made of all of its events',
      instead:
        'Give all events of the keys that have new ones: from {{ ref(…) }} where key in (select key from {{ changes(…) }}).',
    },
    window: {
      what: 'a window over them does not see the rows that were read before',
      instead: `${RECOMPUTE} row_number, rank, dense_rank, first_value, last_value and nth_value over a window partitioned by the unique_key are free: they only choose among new rows of one key.`,
    },
    distinct: {
      what: 'rows that were read before are not seen, so that what they gave is given again',
      instead: 'Set a unique_key; distinct on () and windows go by all of its columns.',
    },
    negation: {
      what: 'a condition asks for what is not among them, and next time others are',
      instead: 'Ask the whole table, with ref().',
    },
    except: {
      what: 'they are taken away from other rows, and next time others are',
      instead: 'Take the whole table away, with ref().',
    },
    limit: {
      what: 'rows beyond the limit count as read',
      instead: 'Leave the limit out.',
    },
  }
