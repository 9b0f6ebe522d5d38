import type { Item } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'

/**
 * The answer of run_query() in the shape that dbt users know: `result.columns[0].values()`, `result.rows[0]['name']`,
 * `for row in result`, `result | length`. Values that are no scalars (json, arrays) come as JSON text.
 */
export function queryResult(answer: {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}): TemplateObject {
  const { columns: names } = answer
  const cells = answer.rows.map((row) => names.map((_, i) => item(row[i])))
  const rows = cells.map((row) => rowObject(names, row))
  const columns = names.map((name, i) => {
    const values = cells.map((row) => row[i] ?? null)
    return new TemplateObject('column', {
      values: { name },
      functions: { values: () => values },
      items: values,
    })
  })
  return new TemplateObject('table', {
    values: { rows, columns: columnsObject(names, columns), column_names: names },
    items: rows,
  })
}

function rowObject(names: readonly string[], cells: readonly Item[]): TemplateObject {
  const byName = Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null]))
  return new TemplateObject('row', {
    values: byName,
    functions: { values: () => cells, keys: () => names, dict: () => byName },
    items: cells,
  })
}

function columnsObject(
  names: readonly string[],
  columns: readonly TemplateObject[],
): TemplateObject {
  return new TemplateObject('columns', {
    values: Object.fromEntries(names.map((name, i) => [name, columns[i]])),
    functions: { keys: () => names, values: () => columns },
    items: columns,
  })
}

function item(value: unknown): Item {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  return JSON.stringify(value)
}
