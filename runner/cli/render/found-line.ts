import { plural } from './format.ts'

const NOUNS = {
  source: 'source',
  seed: 'seed',
  model: 'model',
  snapshot: 'snapshot',
  test: 'test',
  unit_test: 'unit test',
} as const

/** `12 models, 3 seeds`; `nothing` for no nodes at all. */
export function foundLine(totals: Readonly<Partial<Record<keyof typeof NOUNS, number>>>): string {
  const parts: string[] = []
  for (const kind of ['seed', 'model', 'snapshot', 'test', 'unit_test', 'source'] as const) {
    const count = totals[kind] ?? 0
    if (count > 0) parts.push(plural(count, NOUNS[kind]))
  }
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
