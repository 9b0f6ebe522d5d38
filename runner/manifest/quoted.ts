import type { Relation } from './node.ts'

/** A string as an SQL literal. Only for gm's own statements; user values never come here. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."identifier"`, the name by which the ledger knows a relation. */
export function quoted(relation: Relation): string {
  return `${identifier(relation.schema)}.${identifier(relation.identifier)}`
}
