import type { FuncCall, Node as SqlNode, TypeName } from 'libpg-query'

/** The name in a node of kind String, else undefined. */
export function textOf(node: SqlNode | undefined): string | undefined {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : undefined
}

/** The names of a list of String nodes; others, such as `*`, are left out. */
export function textsOf(nodes: readonly SqlNode[] | undefined): string[] {
  const texts: string[] = []
  for (const node of nodes ?? []) {
    const text = textOf(node)
    if (text !== undefined) texts.push(text)
  }
  return texts
}

/** A name of one or two parts. */
export interface QualifiedName {
  readonly schema: string | undefined
  readonly name: string
}

export function qualifiedName(nodes: readonly SqlNode[] | undefined): QualifiedName {
  const names = textsOf(nodes)
  return { schema: names.at(-2), name: names.at(-1) ?? '' }
}

export function functionName(call: FuncCall): QualifiedName {
  return qualifiedName(call.funcname)
}

/** Names as people write them, for those that the grammar writes otherwise. */
const SPELLED: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'character',
  varchar: 'character varying',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  timetz: 'time with time zone',
  time: 'time without time zone',
}

/** A type as PostgreSQL prints it, without modifiers such as the 10 of `numeric(10)`. */
export function typeText(type: TypeName): string {
  const { schema, name } = qualifiedName(type.names)
  const own = schema === undefined || schema === 'pg_catalog'
  return `${own ? (SPELLED[name] ?? name) : `${schema}.${name}`}${'[]'.repeat(type.arrayBounds?.length ?? 0)}`
}

/** The nodes inside a node, at any depth of plain structure but no node deeper. */
export function childrenOf(value: unknown): SqlNode[] {
  const found: SqlNode[] = []
  collect(value, found)
  return found
}

function collect(value: unknown, found: SqlNode[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found)
  } else if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    const [only] = keys
    // A node is an object with one key, its kind; fields are written in lower case.
    if (keys.length === 1 && only !== undefined && /^[A-Z]/.test(only)) found.push(value as SqlNode)
    else for (const field of Object.values(value)) collect(field, found)
  }
}

/** The same for expressions that are written alike, wherever they stand. */
export function textOfTree(node: SqlNode): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value))
}
