import type { FieldDef, QueryArrayResult } from 'pg'
import type { Rows } from '../statement.ts'

/**
 * Rows by column name. A name that is returned twice would lose a value, so the second `id` becomes `id_2`.
 * @param typeNames by oid; a missing one is shown as `unknown`.
 */
export function toRows(
  result: Pick<QueryArrayResult<unknown[]>, 'fields' | 'rows'>,
  typeNames: ReadonlyMap<number, string>,
): Rows {
  const names = uniqueNames(result.fields)
  return {
    columns: result.fields.map((field, i) => ({
      name: names[i] ?? field.name,
      type: typeNames.get(field.dataTypeID) ?? 'unknown',
    })),
    rows: result.rows.map((values) => {
      // fromEntries defines properties: a column called __proto__ is a column like any other.
      return Object.fromEntries(names.map((name, i) => [name, values[i]]))
    }),
  }
}

function uniqueNames(fields: readonly FieldDef[]): string[] {
  const given = new Set(fields.map((field) => field.name))
  const used = new Set<string>()
  return fields.map(({ name }) => {
    let unique = name
    for (let n = 2; used.has(unique) || (unique !== name && given.has(unique)); n++) {
      unique = `${name}_${n}`
    }
    used.add(unique)
    return unique
  })
}
