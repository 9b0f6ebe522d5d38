import { GmError } from '../../base/error.ts'
import type { Relation } from '../../manifest/node.ts'
import { identifier } from '../../manifest/quoted.ts'

/** PostgreSQL's NAMEDATALEN - 1. */
export const IDENTIFIER_BYTES = 63

/**
 * A name as a quoted identifier: `"Order ""x"""`.
 * @throws GmError GM3009 for a name that PostgreSQL cannot hold. A longer one would be cut silently by the server
 *   and could meet another that is cut to the same bytes; names that gm makes are shortened before they get here.
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new GmError('GM3009', `${JSON.stringify(name)} cannot be a name in PostgreSQL`)
  }
  const bytes = Buffer.byteLength(name)
  if (bytes > IDENTIFIER_BYTES) {
    throw new GmError(
      'GM3009',
      `the name "${name}" has ${bytes} bytes; PostgreSQL takes at most ${IDENTIFIER_BYTES}`,
      { hint: 'Give it a shorter name, or a shorter alias.' },
    )
  }
  return identifier(name)
}

/** `"schema"."identifier"`. */
export function quoteRelation(relation: Relation): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.identifier)}`
}
