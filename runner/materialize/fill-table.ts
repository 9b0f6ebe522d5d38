import type { Compiled } from '../compile/compiled.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { fillHistory } from './materialize-history.ts'
import { fillSeed } from './materialize-seed.ts'
import { createTableAs } from './materialize-table.ts'
import { isPolling } from './polling-history.ts'

/**
 * The rows of a node from nothing, in a new table of that name and in nothing else: no marks, no ledger, no hooks. Undefined
 * for what cannot be made again: the past of a polling snapshot is nowhere else.
 */
export function fillTable(
  node: BuiltNode,
  compiled: Compiled | undefined,
  tableQuoted: string,
): readonly Statement[] | undefined {
  if (node.kind === 'seed') return fillSeed(node, tableQuoted)
  if (compiled === undefined) throw new Error(`${node.id} was not compiled`)
  if (node.kind === 'model') return [createTableAs(compiled, tableQuoted)]
  return isPolling(node) ? undefined : fillHistory(node, compiled, tableQuoted)
}
