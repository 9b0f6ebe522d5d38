import type { Location } from '../base/location.ts'

/** One properties YAML file (dbt's schema.yml), checked for unknown keys and types, with places. */
export interface PropertiesFile {
  readonly file: string
  readonly models: readonly ResourceProperties[]
  readonly seeds: readonly ResourceProperties[]
  readonly snapshots: readonly ResourceProperties[]
  readonly sources: readonly SourceProperties[]
  readonly macros: readonly MacroProperties[]
}

export interface ResourceProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  /** Checked by checkNodeConfig; dbt's key names. */
  readonly config: Readonly<Record<string, unknown>>
  readonly columns: readonly ColumnProperties[]
  readonly tests: readonly TestProperties[]
}

export interface ColumnProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  readonly data_type?: string
  readonly meta: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly tests: readonly TestProperties[]
}

/** One entry of `data_tests:` (or the older `tests:`), in either of dbt's forms. */
export interface TestProperties {
  /** `not_null`, `accepted_values`, `my_package.my_test`. */
  readonly test: string
  /** Own name given with `name:`. */
  readonly name?: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
  readonly description: string
  readonly at: Location
}

export interface SourceProperties {
  readonly name: string
  readonly at: Location
  readonly schema: string
  readonly description: string
  readonly config: Readonly<Record<string, unknown>>
  readonly tables: readonly (ResourceProperties & { readonly identifier: string })[]
}

export interface MacroProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  readonly arguments: readonly {
    readonly name: string
    readonly type?: string
    readonly description: string
  }[]
}
