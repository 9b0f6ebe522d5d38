/** A node of PostgreSQL's analysed tree, with the values of its fields. */
export interface TreeNode {
  readonly kind: string
  readonly fields: Readonly<Record<string, TreeValue>>
}

/** An atom is the text of a number, name or string; `undefined` is a null pointer. */
export type TreeValue = TreeNode | readonly TreeValue[] | string | undefined

/** Reads a pg_node_tree, such as pg_rewrite.ev_action. */
export function parseNodeTree(text: string): TreeValue {
  const tokens = [...text.matchAll(/[(){}]|(?:\\[^]|[^\s(){}\\])+/g)].map(([token]) => token)
  let at = 0
  const next = (): string => tokens[at++] ?? ''
  const value = (): TreeValue => {
    const token = next()
    if (token === '{') return node()
    if (token === '(') return list()
    if (token === '<>') return undefined
    return token.replaceAll(/^"|"$|\\([^])/g, '$1')
  }
  const list = (): readonly TreeValue[] => {
    const items: TreeValue[] = []
    // Lists of numbers begin with a letter for their type.
    if (['i', 'o', 'x', 'b'].includes(tokens[at] ?? '') && tokens[at + 1] !== ')') at += 1
    while (tokens[at] !== ')' && at < tokens.length) items.push(value())
    at += 1
    return items
  }
  const node = (): TreeNode => {
    const kind = next()
    const fields: Record<string, TreeValue> = {}
    while (tokens[at] !== '}' && at < tokens.length) {
      const name = next().slice(1)
      const values: TreeValue[] = []
      while (tokens[at] !== '}' && tokens[at]?.startsWith(':') !== true) values.push(value())
      fields[name] = values.length === 1 ? values[0] : values
    }
    at += 1
    return { kind, fields }
  }
  return value()
}

export function isNode(value: TreeValue): value is TreeNode {
  return typeof value === 'object' && !Array.isArray(value)
}

/** The nodes of a field that holds a list, or one, or none. */
export function nodesIn(value: TreeValue): readonly TreeNode[] {
  if (value === undefined || typeof value === 'string') return []
  return isNode(value) ? [value] : value.flatMap(nodesIn)
}
