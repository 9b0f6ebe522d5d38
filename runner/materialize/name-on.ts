import type { IndexState } from '../engine/adapter.ts'
import type { IndexConfig } from '../manifest/node.ts'
import { suffixed } from './hidden-name.ts'
import { nameOfIndex } from './publish-table.ts'

/** A shortened name: the hash of what it was, and the ending. */
const SHORTENED = /_[0-9a-f]{10}(_.+)$/

/**
 * The name that an index of the table `from` would have on the table `to`, also where either is too long to be written out;
 * undefined when gm would not have given it.
 */
export function nameOn(
  { name, columns, unique }: IndexState,
  from: string,
  to: string,
  configured: readonly IndexConfig[],
): string | undefined {
  const wanted = [{ columns, unique }, ...configured].find(
    (index) => nameOfIndex(from, index) === name,
  )
  if (wanted !== undefined) return nameOfIndex(to, wanted)
  const ending = name.startsWith(from) ? name.slice(from.length) : SHORTENED.exec(name)?.[1]
  return ending === undefined || suffixed(from, ending) !== name ? undefined : suffixed(to, ending)
}
