import type { SelectStmt, Node as SqlNode } from 'libpg-query'
import { outputName } from './output-name.ts'

/** The names of what a query gives, up to a star. */
export function outputsOf({ larg, targetList = [] }: SelectStmt): readonly string[] {
  if (larg !== undefined) return outputsOf(larg)
  const names = targetList.map((target) => {
    const { name, val } = 'ResTarget' in target ? target.ResTarget : {}
    return name ?? (isStar(val) ? undefined : outputName(val))
  })
  const star = names.indexOf(undefined)
  return names.slice(0, star === -1 ? undefined : star).filter((name) => name !== undefined)
}

function isStar(node: SqlNode | undefined): boolean {
  const last = node !== undefined && 'ColumnRef' in node ? node.ColumnRef.fields?.at(-1) : undefined
  return last !== undefined && 'A_Star' in last
}

/** Columns under the names that they have further in, where those outside are given by their place. */
export function renamed(
  key: readonly string[],
  outside: readonly string[],
  inside: readonly string[],
): readonly string[] {
  return key.map((name) => inside[outside.indexOf(name)] ?? name)
}
