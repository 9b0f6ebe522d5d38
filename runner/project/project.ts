import type { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { OpenLineageSettings } from './openlineage.ts'

/** Folders of what parsing reads, relative to the project's root, forward slashes, as dbt's model-paths and so on. */
export interface ResourcePaths {
  readonly models: readonly string[]
  readonly snapshots: readonly string[]
  readonly seeds: readonly string[]
  readonly macros: readonly string[]
  readonly tests: readonly string[]
  readonly analyses: readonly string[]
  /** Folders with docs blocks besides all the others. */
  readonly docs: readonly string[]
}

/** Folder-level configuration, still as trees: `models: {globalmart: {staging: {+materialized: view}}}`. */
export interface ResourceConfig {
  readonly models: ConfigTree
  readonly snapshots: ConfigTree
  readonly seeds: ConfigTree
  readonly tests: ConfigTree
  readonly unitTests: ConfigTree
  readonly sources: ConfigTree
  readonly analyses: ConfigTree
  readonly exposures: ConfigTree
}

/** Another project whose models and macros this one uses, installed below it. */
export interface Package {
  readonly name: string
  readonly version: string
  /** The folder relative to the project's root: `dbt_packages/dbt_utils`. */
  readonly folder: string
  readonly paths: ResourcePaths
  /** Values of `var()` in its files: its own, under those that the project gives. */
  readonly vars: Readonly<Record<string, unknown>>
  /** Its protected models are for itself alone. */
  readonly restrictsAccess: boolean
  /** Its own configuration; the project's comes over it. */
  readonly resourceConfig: ResourceConfig
}

/** A way of building models that a module of the project defines. */
export interface OwnMaterialization {
  /** Relative to the project's root. */
  readonly module: string
  /** What a model of it is to the rest of the project: what reads it, keeps marks on it, rebuilds with it. */
  readonly like: 'view' | 'table' | 'incremental'
  /** sha256 of the module's text: another text makes other relations. */
  readonly code: string
}

/** A project as configured: project.yml, the environment, .env and flags, read once and frozen. */
export interface Project {
  /** Absolute path of the folder of project.yml. */
  readonly root: string
  /** `project.yml` or `dbt_project.yml`. */
  readonly file: string
  /** A dbt_project.yml was read: what gm does differently on purpose is done as dbt does it. */
  readonly isDbt: boolean
  readonly name: string
  readonly version: string
  /** The folder that packages are installed in; default `dbt_packages`. */
  readonly packagesFolder: string
  /** The installed ones, sorted by name. */
  readonly packages: readonly Package[]
  /** Materializations of the project's own, by name. */
  readonly materializations: Readonly<Record<string, OwnMaterialization>>
  /** Where `adapter.dispatch(…, namespace)` looks for macros: packages in order, by namespace. */
  readonly dispatch: Readonly<Record<string, readonly string[]>>
  /** Things of the project's files that gm leaves aside, which change no table. */
  readonly warnings: readonly GmError[]
  readonly paths: ResourcePaths & {
    /** Artifacts; default `target`. */
    readonly target: string
    /** One file per run; default `logs`. */
    readonly logs: string
    /** Folders of images for the docs site. */
    readonly assets: readonly string[]
  }
  /** Values of `var()`: project.yml's `vars` (flat, or under the project's name) overridden by --vars. */
  readonly vars: Readonly<Record<string, unknown>>
  /** What env_var() may read, by value; missing ones are absent. */
  readonly env: ReadonlyMap<string, string>
  /** Names that project.yml `env:` allows; in a dbt project all that hold no secret. */
  readonly envAllowed: ReadonlySet<string> | 'all'
  readonly target: Target
  /** Those that `--target` can name. */
  readonly targetNames: readonly string[]
  readonly threads: number
  /** SQL templates before the first node of a run and after its last. */
  readonly onRunStart: readonly ProjectHook[]
  readonly onRunEnd: readonly ProjectHook[]
  readonly resourceConfig: ResourceConfig
  /** Longest wait for old readers before a swap; see docs/adr on publishing. */
  readonly publishWaitMs: number
  /** How many all-or-nothing publications can be taken back. */
  readonly keepVersions: number
  readonly publish: 'atomic' | 'model'
  readonly statementTimeoutMs: number | undefined
  /** How often a step is tried again after what may pass by itself: a deadlock, a lost connection. */
  readonly retries: number
  /** What a run leaves out while its code and inputs are as at its last success; `models`: everything but tests. */
  readonly reuse: 'all' | 'models' | 'none'
  /** Records of runs in the ledger that are older are removed at the start of a run; 90 unless set. */
  readonly historyRetentionDays: number
  /** Logs older than this are removed at the start of a run; 30 unless set. */
  readonly logRetentionDays: number
  /** What BATCH_LOG_LEVEL says; undefined when it is not set. The command line wins. */
  readonly logLevel: LogLevel | undefined
  /** What the environment says of the generator, as text: the variables that begin with DATA_GEN_. */
  readonly generator: {
    readonly seed: string | undefined
    readonly users: string | undefined
    readonly products: string | undefined
    /** Of a system that is generated live. */
    readonly perSecond: string | undefined
  }
  readonly openlineage: OpenLineageSettings
  /** Selections with a name: `{facts: 'tag:facts'}`. */
  readonly jobs: Readonly<Record<string, string>>
}

/** A hook of the whole run, with its place in the project file. */
export interface ProjectHook {
  readonly text: string
  readonly at: Location
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A nested mapping of folder names whose `+key` entries are configuration, already checked for unknown keys. */
export interface ConfigTree {
  /** Configuration given at this level, in dbt's key names without the `+`; values checked by zod. */
  readonly config: Readonly<Record<string, unknown>>
  readonly children: ReadonlyMap<string, ConfigTree>
  readonly at: Location | undefined
}

/** Where models are built. Holds no password: that stays in the connection, which templates never see. */
export interface Target {
  readonly name: string
  readonly type: 'embedded' | 'postgres'
  /** The default schema of models, seeds and snapshots. */
  readonly schema: string
  readonly database: string
  readonly connection: Connection
}

/**
 * How to reach a server. libpq's words. For an embedded target only `database` and `options` count: the rest
 * is known when the server runs.
 */
export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Not enumerable in what loadProject gives: JSON, console output and spreads leave it out. */
  readonly password: string | undefined
  readonly database: string
  readonly sslmode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'
  readonly sslrootcert: string | undefined
  readonly sslcert: string | undefined
  readonly sslkey: string | undefined
  readonly connectTimeoutMs: number
  /** Set for the connection: search_path and the like. */
  readonly options: Readonly<Record<string, string>>
}
