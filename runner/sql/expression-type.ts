import type { Node as SqlNode } from 'libpg-query'
import type { Scope } from './scope.ts'
import { findBare, findSource } from './scope.ts'
import { textsOf, typeText } from './sql-tree.ts'

/** The type of an expression where it is plain to see. */
export function expressionType(node: SqlNode, scope: Scope): string | undefined {
  if ('TypeCast' in node) {
    return node.TypeCast.typeName === undefined ? undefined : typeText(node.TypeCast.typeName)
  }
  if (!('ColumnRef' in node)) return undefined
  const [name = '', table] = textsOf(node.ColumnRef.fields).toReversed()
  if (table === undefined) {
    const found = findBare(scope, name)
    return 'column' in found ? found.column.type : undefined
  }
  return findSource(scope, table, undefined)?.columns.find((one) => one.name === name)?.type
}
