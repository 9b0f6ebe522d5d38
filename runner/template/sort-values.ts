import type { Run } from './run.ts'
import { charge } from './run.ts'
import type { Value } from './values.ts'
import { compare } from './values.ts'

/** Stable, also in reverse, as Python's `sorted`. */
export function sortValues(
  run: Run,
  items: readonly Value[],
  key: (item: Value) => Value,
  isReverse: boolean,
): Value[] {
  charge(run, items.length)
  const keyed = items.map((item) => ({ item, key: key(item) }))
  keyed.sort((a, b) => {
    charge(run, 1)
    const order = compare(a.key, b.key)
    return isReverse ? -order : order
  })
  return keyed.map(({ item }) => item)
}

/** Python's `str.lower` for strings where case does not count; other values as they are. */
export function foldCase(value: Value): Value {
  return typeof value === 'string' ? value.toLowerCase() : value
}
