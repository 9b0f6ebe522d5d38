import type { Manifest, NodeId } from '../manifest/node.ts'
import { personalMark } from '../manifest/personal-data.ts'
import type { ColumnId, ColumnLineage } from './column-lineage.ts'

/** By node and column: the column that the project itself marks as personal data. */
export type PersonalColumns = ReadonlyMap<NodeId, ReadonlyMap<string, ColumnId>>

/**
 * The columns that hold personal data: those that are marked in `meta`, and all that is copied or computed from one,
 * at any distance: what is made of personal data is personal data until somebody says otherwise, with
 * `personal_data: false` on the column or its model. Where the lineage of a node could not be resolved, each of its
 * columns may be made of each that it reads.
 */
export function personalColumns(manifest: Manifest, lineage: ColumnLineage): PersonalColumns {
  const found = new Map<NodeId, Map<string, ColumnId>>()
  // Parents stand before children there; marks count without any lineage too.
  for (const id of new Set([...lineage.nodes.keys(), ...manifest.nodes.keys()])) {
    const node = manifest.nodes.get(id)
    if (node === undefined) continue
    const { columns = [], problems = [], reads } = lineage.nodes.get(id) ?? {}
    const whole = personalMark(node.config.meta)
    const unresolved =
      problems.length === 0
        ? undefined
        : (reads ?? []).flatMap((input) => [...(found.get(input)?.values() ?? [])])[0]
    const inputsOf = new Map(columns.map(({ name, inputs }) => [name, inputs]))
    const own = new Map<string, ColumnId>()
    // Nothing is marked so far: most projects mark little or nothing.
    const isMarked = [...node.columns.values()].some(({ meta }) => personalMark(meta) !== undefined)
    if (found.size === 0 && whole === undefined && !isMarked) continue
    const names = new Set([...inputsOf.keys(), ...node.columns.keys()])
    for (const name of names) {
      const mark = personalMark(node.columns.get(name)?.meta ?? {}) ?? whole
      if (mark === true) own.set(name, { node: id, column: name })
      if (mark !== undefined) continue
      const inputs = inputsOf.get(name) ?? []
      const origin = inputs
        .filter(({ kind }) => kind !== 'condition')
        .flatMap((input) => found.get(input.node)?.get(input.column) ?? [])[0]
      const from = origin ?? unresolved
      if (from !== undefined) own.set(name, from)
    }
    if (own.size > 0) found.set(id, own)
  }
  return found
}
