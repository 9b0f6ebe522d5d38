import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { followedTable, isLookedThrough } from '../manifest/followed-tables.ts'
import type { Manifest, ModelNode, NodeId } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import type { CompileState } from './compiled.ts'

interface Reading {
  readonly manifest: Manifest
  readonly state: CompileState
  readonly columnsOf: 'versions' | undefined
  readonly isUnchecked: boolean
  /** Where changes() stands. */
  readonly at: Location
  readonly calledFrom?: readonly Location[]
  /** Takes the table whose mark the reading moves. */
  readonly follow: (table: NodeId) => void
  /** A view's query over what stands behind a name in place of its input. */
  readonly queryOver: (view: ModelNode, name: string) => string
}

/**
 * What `changes(input)` prints. A view is looked through: its own query over what is new in the table that it reads. The
 * mark is on that table.
 * @throws GmError GM3009 for a view that does not read exactly one relation.
 */
export function changesOf(input: NodeId, reading: Reading): string {
  const { manifest, state, columnsOf, isUnchecked, follow, queryOver } = reading
  const node = manifest.nodes.get(input)
  if (node === undefined || !isReadable(node)) throw new Error(`no relation for ${input}`)
  if (node.kind !== 'model' || !isLookedThrough(node)) {
    follow(input)
    return state.changes(input, node.relation, columnsOf, isUnchecked)
  }
  const table = manifest.nodes.get(followedTable(manifest, input))
  const read = manifest.nodes.get(node.dependsOn[0] ?? input)
  if (table === undefined || read === undefined || !isReadable(read) || isLookedThrough(table)) {
    throw new GmError(
      'GM3009',
      `changes() cannot look through "${table?.name ?? node.name}", which does not read one table`,
      {
        at: reading.at,
        calledFrom: reading.calledFrom,
        hint: 'Follow the tables that it reads, or make it an incremental model.',
      },
    )
  }
  // The input's own name, so that a query that names its columns by it goes on to work.
  const name = identifier(read.relation.identifier)
  const rows = changesOf(read.id, reading)
  // As a subquery it may begin with a WITH of its own.
  return `(with ${name} as (select * from ${rows} as new_rows)\nselect * from (\n${queryOver(node, name)}\n) as seen_through)`
}
