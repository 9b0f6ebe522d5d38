import type { ConditionVia, LineageKind } from './column-lineage.ts'

/** A column of a relation that feeds a value, inside one statement. */
export interface Contribution {
  /** The relation's key in the catalog. */
  readonly relation: string
  readonly column: string
  readonly kind: LineageKind
  readonly via?: ConditionVia
  /** The first mention: bytes from the start of the statement's text. */
  readonly location?: number
}

/** Without duplicates, in the order in which they were met. */
export type Contributions = readonly Contribution[]

export const NOTHING: Contributions = []

/** All of the sets, each column once per kind. */
export function merge(...sets: readonly Contributions[]): Contributions {
  let only = NOTHING
  let all: Contribution[] | undefined
  // Nearly every call is of sets with one filled among them: a column's name, a constant.
  for (const set of sets) {
    if (set.length === 0) continue
    if (only.length === 0) only = set
    else {
      all ??= [...only]
      all.push(...set)
    }
  }
  return all === undefined ? only : withoutDuplicates(all)
}

function withoutDuplicates(set: Contributions): Contributions {
  if (set.length < 2) return set
  const seen = new Map<string, Contribution>()
  for (const one of set) {
    const key = `${one.relation}\u0000${one.column}\u0000${one.kind}\u0000${one.via ?? ''}`
    if (!seen.has(key)) seen.set(key, one)
  }
  return seen.size === set.length ? set : [...seen.values()]
}

const RANK = { copied: 0, computed: 1, aggregated: 2 } as const

/** What becomes of contributions that go through an expression: a copy is computed, an aggregate stays one. */
export function through(kind: 'computed' | 'aggregated', set: Contributions): Contributions {
  return mapped(set, (one) =>
    one.kind === 'condition' || RANK[one.kind] >= RANK[kind] ? one : { ...one, kind },
  )
}

/** Contributions that only decide something. */
export function asCondition(via: ConditionVia, set: Contributions): Contributions {
  return mapped(set, (one) =>
    one.kind === 'condition' && one.via === via ? one : { ...one, kind: 'condition', via },
  )
}

/** Gives a place to those that have none: they are mentioned here for the first time. */
export function mentionedAt(location: number | undefined, set: Contributions): Contributions {
  if (location === undefined || set.every((one) => one.location !== undefined)) return set
  return set.map((one) => (one.location === undefined ? { ...one, location } : one))
}

function mapped(set: Contributions, change: (one: Contribution) => Contribution): Contributions {
  return set.length === 0 ? set : withoutDuplicates(set.map(change))
}
