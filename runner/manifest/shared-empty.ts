import type { ColumnInfo, Reads } from './node.ts'
import { NOTHING_READ } from './node.ts'

// Most lists of most nodes are empty. Of 30,000 nodes with a dozen of them each, one for all is what keeps the manifest
// small in memory, for the garbage collector and in the cache.

/** The empty list that nodes share. */
export const NONE: readonly never[] = []

/** The empty mapping that columns share. */
const NO_META: ColumnInfo['meta'] = {}

/** The columns of what nobody describes. */
export const NO_COLUMNS: ReadonlyMap<string, ColumnInfo> = new Map()

/** The list itself, or the shared one in place of an empty one. */
export function orNone<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list
}

/** The mapping itself, or the shared one in place of an empty one. */
export function orNoMeta(meta: ColumnInfo['meta']): ColumnInfo['meta'] {
  return Object.keys(meta).length === 0 ? NO_META : meta
}

/** What a template reads; nearly always nothing. */
export function readsOf(vars: readonly string[], env: readonly string[]): Reads {
  return vars.length + env.length === 0 ? NOTHING_READ : { vars, env }
}
