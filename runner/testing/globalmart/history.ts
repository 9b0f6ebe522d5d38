import { createHash } from 'node:crypto'
import { groupBy } from './group.ts'
import type { Moment } from './moment.ts'
import { FOREVER, printMoment } from './moment.ts'

/** What held for one natural key during `[from, to)`. */
export interface Version<A> {
  /** The surrogate key. */
  readonly key: string
  readonly id: string
  readonly attributes: A
  readonly from: Moment
  readonly to: Moment
}

export interface State<A> {
  readonly time: Moment
  readonly attributes: A
}

/**
 * The history of one natural key from its states, which come in the order of time and, within a
 * moment, of coordinates.
 * - "New versions are opened for changes in descriptive attributes": equal neighbours are one.
 * - "Where events of one moment disagree, the last by coordinates wins": what the others said was
 *   never in force.
 * - "intervals are half open", and the last is open until 9999-12-31.
 */
export function versionsOf<A extends readonly (string | null)[]>(
  id: string,
  states: readonly State<A>[],
): Version<A>[] {
  const opened: State<A>[] = []
  for (const [i, state] of states.entries()) {
    if (states[i + 1]?.time === state.time) continue
    const current = opened.at(-1)?.attributes
    if (current?.every((value, j) => value === state.attributes[j]) !== true) opened.push(state)
  }
  return opened.map(({ time, attributes }, i) => ({
    key: surrogateKey(id, time),
    id,
    attributes,
    from: time,
    to: opened[i + 1]?.time ?? FOREVER,
  }))
}

/** Design 5c: "the surrogate key is the text md5(natural_key || '|' || epoch microseconds of effective_from)". */
function surrogateKey(id: string, from: Moment): string {
  return createHash('md5').update(`${id}|${from}`).digest('hex')
}

/** The three columns that every history has. */
export function interval(version: Version<unknown>): {
  effective_from: string
  effective_to: string
  is_current: boolean
} {
  return {
    effective_from: printMoment(version.from),
    effective_to: printMoment(version.to),
    is_current: version.to === FOREVER,
  }
}

/**
 * The surrogate key for a fact: "A fact takes the version in force at its time, or the first version
 * when it is earlier than that. A fact whose customer or product is not known at all yet carries a
 * null key […] Guests keep a null customer key."
 */
export function keysOf(
  versions: readonly Version<unknown>[],
): (id: string | null, time: Moment) => string | null {
  const byId = groupBy(versions, (version) => version.id)
  return (id, time) => {
    const own = id === null ? undefined : byId.get(id)
    const inForce = own?.find((version) => version.from <= time && time < version.to)
    return (inForce ?? own?.[0])?.key ?? null
  }
}
