/** A relation as queries see it. */
export interface CatalogRelation {
  /** What contributions name it by. */
  readonly key: string
  /** In the relation's order, as far as known. */
  readonly columns: readonly CatalogColumn[]
  /** Whether these are all its columns. Where not, `*` cannot be expanded, and any name may be a column. */
  readonly isComplete: boolean
}

export interface CatalogColumn {
  readonly name: string
  readonly type?: string
}

/** What resolving needs to know of the database. Every answer may be `undefined`: not known. */
export interface Catalog {
  /** @param schema undefined for a bare name, which the search path decides. */
  relation(schema: string | undefined, name: string): CatalogRelation | undefined
  /** A CTE of this name stands for a relation, such as an ephemeral model, and is not looked into. */
  standIn?(cteName: string): CatalogRelation | undefined
  /** Columns of a composite type, or of what a function returns. */
  compositeType?(schema: string | undefined, name: string): readonly CatalogColumn[] | undefined
  functionColumns?(schema: string | undefined, name: string): readonly CatalogColumn[] | undefined
  /** Aggregates that are not PostgreSQL's own. */
  isAggregate?(schema: string | undefined, name: string): boolean
}
