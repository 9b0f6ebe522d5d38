import type { Location } from '../base/location.ts'

/** A project as configured: project.yml, the environment, .env and flags, read once and frozen. */
export interface Project {
  /** Absolute path of the folder of project.yml. */
  readonly root: string
  readonly name: string
  readonly version: string
  /** Folders relative to `root`, forward slashes, as dbt's model-paths and so on. */
  readonly paths: {
    readonly models: readonly string[]
    readonly snapshots: readonly string[]
    readonly seeds: readonly string[]
    readonly macros: readonly string[]
    readonly tests: readonly string[]
    readonly analyses: readonly string[]
    /** Artifacts; default `target`. */
    readonly target: string
    /** One file per run; default `logs`. */
    readonly logs: string
  }
  /** Values of `var()`: project.yml's `vars` (flat, or under the project's name) overridden by --vars. */
  readonly vars: Readonly<Record<string, unknown>>
  /** What env_var() may read, by value; names come from project.yml `env:`; missing ones are absent. */
  readonly env: ReadonlyMap<string, string>
  /** Names that project.yml `env:` allows. */
  readonly envAllowed: ReadonlySet<string>
  readonly target: Target
  readonly threads: number
  /** Folder-level configuration, still as a tree: `models: {globalmart: {staging: {+materialized: view}}}`. */
  readonly resourceConfig: {
    readonly models: ConfigTree
    readonly snapshots: ConfigTree
    readonly seeds: ConfigTree
    readonly tests: ConfigTree
    readonly sources: ConfigTree
  }
  /** Longest wait for old readers before a swap; see docs/adr on publishing. */
  readonly publishWaitMs: number
  readonly statementTimeoutMs: number | undefined
  /** What a run leaves out while its code and inputs are as at its last success; `models`: everything but tests. */
  readonly reuse: 'all' | 'models' | 'none'
  /** Logs older than this are removed at the start of a run; 30 unless set. */
  readonly logRetentionDays: number
  /** What BATCH_LOG_LEVEL says; undefined when it is not set. The command line wins. */
  readonly logLevel: LogLevel | undefined
  /** What the environment says of the generator, as text: DATA_GEN_SEED, DATA_GEN_NUM_USERS, DATA_GEN_NUM_PRODUCTS. */
  readonly generator: {
    readonly seed: string | undefined
    readonly users: string | undefined
    readonly products: string | undefined
  }
  /** Selections with a name: `{facts: 'tag:facts'}`. */
  readonly jobs: Readonly<Record<string, string>>
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
