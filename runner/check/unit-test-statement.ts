import type { Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Rows, Statement } from '../engine/statement.ts'

/** A unit test as one query; its rows are what differs. */
export function unitTestStatement(compiled: Compiled): Statement {
  return { ...aroundUserSql(compiled, { purpose: 'unit test', head: '' }), returnsRows: true }
}

/** In what a model's rows differ from those that its unit test expects. */
export interface RowDifferences {
  readonly columns: readonly string[]
  /** How many rows differ; not all of them need be in `rows`. */
  readonly count: number
  readonly rows: readonly DifferentRow[]
}

export interface DifferentRow {
  /** How often the model gives the row more than is expected; negative: less. */
  readonly surplus: number
  /** In the order of the columns; null is null. */
  readonly cells: readonly (string | null)[]
}

/** Reads the answer of a unit test's query; undefined when nothing differs. */
export function rowDifferences(answer: Rows | undefined): RowDifferences | undefined {
  const rows = (answer?.rows ?? []) as readonly {
    readonly surplus: number
    readonly cells: readonly (string | null)[]
    readonly columns: readonly string[]
    readonly differing: number
  }[]
  const [first] = rows
  if (first === undefined) return undefined
  return {
    columns: first.columns,
    count: first.differing,
    rows: rows.map(({ surplus, cells }) => ({ surplus, cells })),
  }
}
