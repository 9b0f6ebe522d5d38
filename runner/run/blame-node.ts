import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { SqlErrorInfo } from '../engine/adapter.ts'
import { sqlErrorOf } from '../engine/sql-error.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode, ModelNode, Node, NodeConfig } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { ATTACH } from '../materialize/carry-attached.ts'
import { COPY_MADE } from '../materialize/carry-made.ts'
import { makesDependent, REPLACE_IN_PLACE } from '../materialize/dependent-views.ts'
import { hiddenName } from '../materialize/hidden-name.ts'

/** Errors that are about the server and not about a node. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'GM4002',
  'GM4003',
  'GM4004',
  'GM4005',
  'GM4006',
])

/**
 * Gives an error of the database that has no place yet (a null key, a broken value of a seed) that of the node's file,
 * for a seed the line; and names the table as the user does, not as gm does while it builds. Others come back as they are.
 */
export function blameNode(error: unknown, node: Node | undefined): unknown {
  const info = sqlErrorOf(error)
  if (!(error instanceof GmError) || info === undefined || node === undefined) return error
  if (error.at !== undefined || OF_THE_SERVER.has(error.code)) return error
  if (error.code === 'GM4032' && node.kind === 'model') return brokenContract(error, node)
  const explained =
    notAttached(error, info, node) ??
    changedView(error, info, node) ??
    brokenView(error, info, node) ??
    lostColumn(error, info, node)
  if (explained !== undefined) return explained
  const at: Location =
    node.kind === 'seed' ? { file: node.at.file, line: info.copyLine ?? 1, column: 1 } : node.at
  return new GmError(error.code, plainNames(error.message, node), {
    at,
    calledFrom: error.calledFrom,
    hint: takenName(info) ?? hintFor(info.sqlState, node) ?? error.hint,
    cause: error,
  })
}

/** At the first column that is not as promised; at the model's entry for one that the YAML does not have. */
function brokenContract(error: GmError, { contract, at }: ModelNode): GmError {
  const [, first = ''] = error.table
  const column = contract?.columns.find(({ name }) => first.startsWith(`${name} `))
  const { code, message, table, hint } = error
  return new GmError(code, message, {
    at: column?.at ?? contract?.at ?? at,
    table,
    hint,
    cause: error,
  })
}

/** What others have attached may name a column that is gone. */
function notAttached(error: GmError, { statement }: SqlErrorInfo, node: Node): GmError | undefined {
  const { purpose } = statement
  if ((purpose !== ATTACH && purpose !== COPY_MADE) || !isBuilt(node)) return undefined
  return new GmError(
    'GM4008',
    `${quoted(node.relation)} cannot be replaced, as what others have attached does not fit the new one: ${plainNames(error.message, node)}`,
    {
      at: node.at,
      hint: 'gm never drops what it did not make. Drop it yourself before the run, and create it again after.',
      cause: error,
    },
  )
}

/** A view of gm's that others have built upon keeps its place, and with it its columns. */
function changedView(
  error: GmError,
  { sqlState, statement }: SqlErrorInfo,
  node: Node,
): GmError | undefined {
  if (sqlState !== '42P16' || statement.purpose !== REPLACE_IN_PLACE || !isBuilt(node))
    return undefined
  return new GmError(
    'GM4008',
    `${quoted(node.relation)} cannot be replaced: ${viewMadeBy(statement)}, which others have built upon, would change its columns: ${error.message}`,
    {
      at: node.at,
      hint: 'gm never drops what it did not make. Drop what others have built upon the view before the run, and create it again after.',
      cause: error,
    },
  )
}

/** A view of gm's that the run does not make reads what its table does not have any more. */
function brokenView(
  error: GmError,
  { sqlState, statement }: SqlErrorInfo,
  node: Node,
): GmError | undefined {
  if (!makesDependent(statement) || !sqlState.startsWith('42') || !isBuilt(node)) return undefined
  return refusedByView(node, viewMadeBy(statement), error.message, error)
}

export function refusedByView(
  { relation, at }: BuiltNode,
  view: string,
  reason: string,
  cause?: GmError,
): GmError {
  return new GmError(
    'GM4001',
    `${quoted(relation)} cannot be replaced under ${view} as it is now: ${reason}`,
    {
      at,
      hint: 'Have the run make the view as well, by what its model says now: both then change in one moment.',
      ...(cause !== undefined && { cause }),
    },
  )
}

export function viewMadeBy({ sql }: Statement): string {
  return (
    /create (?:or replace )?(?:materialized )?view ((?:\.?"(?:[^"]|"")*")+)/.exec(sql)?.[1] ??
    'a view'
  )
}

/**
 * gm's own part of a statement names the columns of the configuration and of the table: one that the query never gave, or does
 * not give any more.
 */
function lostColumn(
  error: GmError,
  { sqlState, offset = 0, statement }: SqlErrorInfo,
  node: Node,
): GmError | undefined {
  const isUsers = statement.user !== undefined && offset >= statement.user.offset
  if (sqlState !== '42703' || isUsers) return undefined
  const [, written, plain] = /column (?:"([^"]+)"|(?:\S+\.)?(\S+))/.exec(error.message) ?? []
  const column = written ?? plain
  const key = column === undefined ? undefined : keyNaming(column, node.config)
  if (key !== undefined) {
    return new GmError('GM3013', `the query gives no column "${column}", which ${key} names`, {
      at: node.at,
      hint: `Correct ${key}, or have the query give the column.`,
      cause: error,
    })
  }
  if (node.kind !== 'model') return undefined
  return new GmError(
    'GM4012',
    `the query no longer gives ${column === undefined ? 'a column' : `"${column}", a column`} of ${quoted(node.relation)}`,
    {
      at: node.at,
      hint:
        node.config.post_hook === undefined
          ? 'Set on_schema_change to append_new_columns (the column stays, null in new rows) or sync_all_columns (it goes), or rebuild with --full-refresh.'
          : 'If a hook has added it, have the query give it and let the hook fill it, or set on_schema_change to append_new_columns (the column stays, and new rows get its default). sync_all_columns drops it; --full-refresh builds the table again.',
      cause: error,
    },
  )
}

/** The key of a configuration that names a column. */
function keyNaming(column: string, config: NodeConfig): string | undefined {
  const { unique_key, updated_at, check_cols, tie_breakers, event_time, indexes } = config
  const { merge_update_columns, merge_exclude_columns } = config
  const named = { unique_key, updated_at, check_cols, tie_breakers, event_time }
  const keys = { ...named, merge_update_columns, merge_exclude_columns }
  const found = Object.entries(keys).find(([, value]) => [value].flat().includes(column))
  return (
    found?.[0] ?? (indexes.some(({ columns }) => columns.includes(column)) ? 'indexes' : undefined)
  )
}

function plainNames(message: string, node: Node): string {
  if (!isBuilt(node)) return message
  const { identifier } = hiddenName(node.relation)
  return message
    .replace(`relation "${identifier}"`, quoted(node.relation))
    .replace(
      /could not create unique index "\w+"/,
      `the key of ${quoted(node.relation)} is not unique`,
    )
}

/** A run that publishes all or nothing runs hooks while the version before still stands, with what they have made on that. */
function takenName({ sqlState, statement }: SqlErrorInfo): string | undefined {
  const isHook = statement.purpose === 'pre-hook' || statement.purpose === 'post-hook'
  // Duplicate_object and duplicate_table.
  if (!isHook || (sqlState !== '42710' && sqlState !== '42P07')) return undefined
  return 'With publish: atomic a hook runs while the version before still has what it made on that. Leave the name out (create statistics on …, create index on …) or write if not exists: what the version before has is made on the new one.'
}

/** What a refused key means to whoever wrote the node. */
function hintFor(sqlState: string, node: Node): string | undefined {
  if (node.kind === 'seed' && sqlState.startsWith('22')) {
    return 'Correct the value, or give its column another type in column_types.'
  }
  if (sqlState === '23514') {
    return 'Leave the rows that break it out of the query, or change the constraint.'
  }
  if (sqlState !== '23502' && sqlState !== '23505') return undefined
  if (node.kind === 'snapshot' && node.config.strategy === 'events') {
    return sqlState === '23502'
      ? 'Each event needs a value in unique_key and updated_at (which becomes effective_from): leave such rows out of the query.'
      : 'Name tie_breakers that order the events of one moment.'
  }
  const key = node.kind === 'model' ? node.config.unique_key.join(', ') : ''
  if (key === '') return undefined
  return sqlState === '23502'
    ? `unique_key (${key}) must not be null: leave such rows out of the query, or choose another key.`
    : `unique_key (${key}) must identify a row: make the query return each key once, or choose another key.`
}
