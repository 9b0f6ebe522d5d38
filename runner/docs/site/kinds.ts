import type { PageKind } from '../site-data.ts'

/** Words for the kinds of nodes, in the order of lists. */
export const KINDS: readonly (readonly [kind: PageKind, one: string, many: string])[] = [
  ['model', 'model', 'models'],
  ['snapshot', 'snapshot', 'snapshots'],
  ['seed', 'seed', 'seeds'],
  ['source', 'source', 'sources'],
  ['topic', 'topic', 'topics'],
  ['exposure', 'exposure', 'exposures'],
  ['analysis', 'analysis', 'analyses'],
  ['test', 'test', 'tests'],
  ['macro', 'macro', 'macros'],
]

export function manyOf(kind: string): string {
  return KINDS.find(([one]) => one === kind)?.[2] ?? kind
}
