import { createHash } from 'node:crypto'
import type { Relation } from '../manifest/node.ts'

const MAX_BYTES = 63
const SUFFIX = '__gm_new'
const SHADOW_SUFFIX = '__gm_next'

/** The name under which a relation is built before it is published: the same each time, as only one step can build it. */
export function hiddenName(relation: Relation): Relation {
  return { schema: relation.schema, identifier: suffixed(relation.identifier, SUFFIX) }
}

/** The name under which a run that publishes all or nothing keeps a finished relation until then. */
export function shadowName(relation: Relation): Relation {
  return { schema: relation.schema, identifier: suffixed(relation.identifier, SHADOW_SUFFIX) }
}

/** The name of a replaced table, for as long as it takes to publish what reads it. */
export function replacedName(relation: Relation): Relation {
  return { schema: relation.schema, identifier: suffixed(relation.identifier, '__gm_old') }
}

/** `fact_sales_event_id_key` or `…_idx`, shortened when it would be too long for PostgreSQL. */
export function indexName(table: string, columns: readonly string[], unique: boolean): string {
  return suffixed([table, ...columns].join('_'), unique ? '_key' : '_idx')
}

/** The name of an index on the hidden table; its own name is taken by the published table's until the swap. */
export function hiddenIndexName(name: string): string {
  return suffixed(name, SUFFIX)
}

/** The name, on a copy, of an index that somebody made by hand. */
export function shadowIndexName(name: string): string {
  return suffixed(name, SHADOW_SUFFIX)
}

/** A name with an ending, its middle shortened to a hash where it would be too long for PostgreSQL. */
export function suffixed(name: string, suffix: string): string {
  const whole = name + suffix
  if (Buffer.byteLength(whole) <= MAX_BYTES) return whole
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10)
  let kept = ''
  for (const character of name) {
    if (Buffer.byteLength(kept + character) + hash.length + 1 + suffix.length > MAX_BYTES) break
    kept += character
  }
  return `${kept}_${hash}${suffix}`
}
