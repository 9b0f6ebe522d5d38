import type { Location } from '../base/location.ts'
import type { GivenConfig } from '../manifest/config-schema.ts'
import type {
  Constraint,
  ExposureNode,
  FixtureRows,
  Overrides,
  Owner,
  Version,
} from '../manifest/node.ts'
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
  /** Singular tests. */
  readonly dataTests: readonly ResourceProperties[]
  readonly exposures: readonly ExposureProperties[]
  readonly groups: readonly GroupProperties[]
  readonly unitTests: readonly UnitTestProperties[]
  /** Keys that gm reads and leaves aside. */
  readonly leftAside: readonly { readonly key: string; readonly at: Location }[]
}

export interface ResourceProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  /** Checked by checkNodeConfig. */
  readonly config: GivenConfig
  readonly columns: readonly ColumnProperties[]
  readonly tests: readonly TestProperties[]
  /** Models: constraints over several columns. */
  readonly constraints?: readonly Constraint[]
  /** Snapshots that have no SQL of their own: the relation that they keep, as `ref('x')` or `source('s', 't')`. */
  readonly relation?: { readonly text: string; readonly at: Location }
  /** Models of several versions. */
  readonly versions?: readonly VersionProperties[]
  readonly latestVersion?: Version
  readonly deprecationDate?: string
}

/** One of `versions:`, with what it takes over from the model. */
export interface VersionProperties extends ResourceProperties {
  readonly version: Version
  /** The file without its ending, where it is not called after model and version. */
  readonly definedIn?: string
}

export interface ExposureProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  readonly config: GivenConfig
  readonly type: ExposureNode['exposureType']
  readonly owner: Owner
  readonly label?: string
  readonly maturity?: 'high' | 'medium' | 'low'
  readonly url?: string
  /** `ref('x')`, `source('a', 'b')`, each with its place. */
  readonly dependsOn: readonly { readonly text: string; readonly at: Location }[]
}

export interface UnitTestProperties {
  readonly name: string
  readonly at: Location
  readonly model: { readonly name: string; readonly at: Location }
  readonly description: string
  readonly config: GivenConfig
  readonly given: readonly GivenProperties[]
  readonly expect: RowsProperties
  readonly overrides: Overrides
  /** Which versions of the model are tested; all where none are named. */
  readonly versions?: {
    readonly at: Location
    readonly include?: readonly string[]
    readonly exclude?: readonly string[]
  }
}

export interface GivenProperties {
  /** `ref('x')`, `source('a', 'b')` or `this`. */
  readonly input: string
  readonly at: Location
  /** Absent: the rows of the seed's own file. */
  readonly rows?: RowsProperties
}

/** Rows as they stand in the YAML, or the file of tests/fixtures that has them. */
export type RowsProperties =
  | FixtureRows
  | {
      readonly format: 'fixture'
      readonly ending: 'csv' | 'sql'
      readonly name: string
      readonly at: Location
    }

export interface GroupProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  readonly owner: Owner
}

export interface ColumnProperties {
  readonly name: string
  readonly at: Location
  readonly description: string
  readonly data_type?: string
  readonly meta: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly tests: readonly TestProperties[]
  readonly constraints: readonly Constraint[]
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
  /** With its template, where one decides it. */
  readonly unrenderedSchema?: string
  /** Where one is given. */
  readonly database?: { readonly name: string; readonly at: Location }
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
