import type { ColumnRef } from 'libpg-query'
import { didYouMean } from '../base/nearest.ts'
import type { Contributions } from './contribution.ts'
import { mentionedAt, NOTHING } from './contribution.ts'
import type { Resolver } from './resolver.ts'
import type { Columns, Found, Scope } from './scope.ts'
import { findBare, findIn, findSource, sideBySide, wholeRow } from './scope.ts'
import { textsOf } from './sql-tree.ts'

/**
 * What feeds a column that is named in an expression: `column`, `table.column` or `schema.table.column`. A name of a
 * table where a column is expected means its whole row.
 */
export function resolveColumn(
  resolver: Resolver,
  names: readonly string[],
  location: number,
  scope: Scope,
): Contributions {
  const [name = '', table, schema] = names.toReversed()
  const found = table === undefined ? findBare(scope, name) : qualified(scope, name, table, schema)
  if ('column' in found) {
    resolver.mention?.(found.column, location)
    return mentionedAt(location, found.column.from)
  }
  if (table === undefined && found.problem === 'missing') {
    const source = findSource(scope, name, undefined)
    if (source !== undefined) {
      for (const column of source.columns) resolver.mention?.(column, undefined)
      return mentionedAt(location, wholeRow(source))
    }
  }
  resolver.problem(explain(found.problem, names.join('.'), name, scope), location)
  return NOTHING
}

function qualified(scope: Scope, name: string, table: string, schema: string | undefined): Found {
  const source = findSource(scope, table, schema)
  return source === undefined ? { problem: 'missing' } : findIn(source, name)
}

function explain(
  problem: 'ambiguous' | 'uncertain' | 'missing',
  written: string,
  name: string,
  scope: Scope,
): string {
  switch (problem) {
    case 'ambiguous':
      return `"${written}" may be a column of several tables`
    case 'uncertain':
      return `"${written}" may be a column of a table whose columns are not all known`
    case 'missing': {
      const near = didYouMean(
        name,
        scope.bare.flatMap(({ columns }) => columns.map((column) => column.name)),
      )
      return `no column "${written}" is known here${near === undefined ? '' : `. ${near}`}`
    }
  }
}

/** The columns that `*`, `t.*` or `s.t.*` stands for. Where some are not known, that is noted. */
export function resolveStar(resolver: Resolver, ref: ColumnRef, scope: Scope): Columns {
  const [table, schema] = textsOf(ref.fields).toReversed()
  const found = table === undefined ? sideBySide(scope.bare) : findSource(scope, table, schema)
  if (found === undefined) {
    resolver.problem(`no table "${table ?? ''}" is known here`, ref.location)
    return { columns: [] }
  }
  if (found.rest !== undefined) {
    const written = [...textsOf(ref.fields), '*'].join('.')
    resolver.openStar(`"${written}" takes columns that are not all known`, ref.location)
  }
  return {
    ...found,
    columns: found.columns.map((column) => ({
      ...column,
      location: column.location ?? ref.location,
      from: mentionedAt(ref.location, column.from),
    })),
  }
}
