import type { Location } from '../base/location.ts'
import type { GivenConfig } from '../manifest/config-schema.ts'
import type { TestName } from './name-test.ts'

/** One properties YAML file (dbt's schema.yml), checked for unknown keys and types, with places. */
export interface PropertiesFile {
  readonly file: string
  readonly models: readonly ResourceProperties[]
  readonly seeds: readonly ResourceProperties[]
  readonly snapshots: readonly ResourceProperties[]
  readonly sources: readonly SourceProperties[]
  readonly macros: readonly MacroProperties[]
  readonly analyses: readonly ResourceProperties[]
}

export interface ResourceProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  /** Checked by checkNodeConfig. */
  readonly config: GivenConfig
  readonly columns: readonly ColumnProperties[]
  readonly tests: readonly TestProperties[]
  /** Snapshots that have no SQL of their own: the relation that they keep, as `ref('x')` or `source('s', 't')`. */
  readonly relation?: { readonly text: string; readonly at: Location }
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
  readonly config: GivenConfig
  readonly description: string
  readonly at: Location
  /** dbt's name for this test on this table and column. It depends on nothing outside the file, so it is cached with it. */
  readonly named: NamedTest
}

export type NamedTest = Pick<TestName, 'name' | 'hash' | 'checksum'>

export interface SourceProperties {
  readonly name: string
  readonly at: Location
  readonly schema: string
  readonly description: string
  readonly config: GivenConfig
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
