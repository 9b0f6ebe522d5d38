import { hasWildcard, matchesWildcard } from './wildcard.ts'

/**
 * Whether a name of dbt's `fqn` method means a node: its bare name, or a leading part of its fqn with or without the
 * package: `staging`, `globalmart.staging.stg_sales`. From the first wildcard on, all the rest must match.
 *
 * Source: dbt's rules for qualified names. Dots inside a name separate parts as well.
 * @param isVersioned the fqn ends in the version: `orders` means every version, `orders.v2` and `orders_v2` one.
 */
export function matchesFqn(fqn: readonly string[], selector: string, isVersioned = false): boolean {
  const name = (isVersioned ? fqn.at(-2) : fqn.at(-1)) ?? ''
  return (
    matchesWildcard(name, selector) ||
    (isVersioned && fqn.slice(-2).join('_') === selector.split('.').slice(-2).join('_')) ||
    matchesLeading(fqn, selector) ||
    matchesLeading(fqn.slice(1), selector)
  )
}

function matchesLeading(fqn: readonly string[], selector: string): boolean {
  const parts = fqn.flatMap((part) => part.split('.'))
  const wanted = selector.split('.')
  if (parts.length < wanted.length) return false
  for (const [i, part] of wanted.entries()) {
    if (hasWildcard(part)) {
      return matchesWildcard(parts.slice(i).join('.'), wanted.slice(i).join('.'))
    }
    if (parts[i] !== part) return false
  }
  return true
}
