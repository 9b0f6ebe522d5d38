/** A row of a table by column. Numbers are integers; decimals and times are as PostgreSQL prints them. */
export type Row = Readonly<Record<string, string | number | boolean | null>>

/** What the oracle says of a table. */
export interface OracleTable {
  /** With its schema: `warehouse.dim_date`. */
  readonly name: string
  /** The columns that no two rows have in common. */
  readonly grain: readonly string[]
  /** In no order. */
  readonly rows: readonly Row[]
}
