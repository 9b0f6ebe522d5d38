import type { ColumnInput } from './column-lineage.ts'

/** Each input once: the same column in the same way, at its first mention. */
export function distinctInputs(inputs: readonly ColumnInput[]): readonly ColumnInput[] {
  const seen = new Map<string, ColumnInput>()
  for (const input of inputs) {
    const key = JSON.stringify([input.node, input.column, input.kind, input.via])
    if (!seen.has(key)) seen.set(key, input)
  }
  return [...seen.values()]
}
