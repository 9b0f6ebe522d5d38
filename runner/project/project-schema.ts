import * as z from 'zod'
import { notYet } from './explain-issues.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'a name of letters, digits and _ that does not begin with a digit',
  )

/** Inside the project and written the same on every system. */
const folder = z
  .string()
  .regex(
    /^(?!\/|[A-Za-z]:|.*\\)(?!(?:.*\/)?\.\.(?:\/|$)).+$/,
    'a folder inside the project, with forward slashes',
  )
const folders = (what: string, usual: string) =>
  z.array(folder).default([usual]).describe(`Folders of ${what}. Default [${usual}].`)

const tree = (what: string) =>
  z
    .record(z.string(), z.unknown())
    .default({})
    .describe(
      `Configuration of ${what} by folder: the project's name, then folder names, with \`+key: value\` at any level.`,
    )

/** What gm reads, warns of, and leaves aside: it changes no table. */
const leftAside = z.unknown().optional().describe('Left aside, with a warning.')

const wholeNumber = z
  .union([z.int(), z.string().regex(/^\d+$/, 'a whole number')])
  .transform(Number)

/** The settings of a target. Texts of the environment may stand for numbers. */
const target = {
  type: z
    .enum(['embedded', 'postgres'])
    .describe('embedded: a PostgreSQL server of the project itself, in .gm. postgres: any server.'),
  schema: z.string().describe('Default schema of what is built. Default public.'),
  database: z.string().describe('Name of the database. Default `<project>_warehouse`.'),
  dbname: z.string().describe("dbt's other name of database."),
  url: z
    .string()
    .describe('`postgres://user@host:port/database?sslmode=…` in place of the single fields.'),
  host: z.string().describe('Host, or the folder of a Unix socket. Default localhost.'),
  port: wholeNumber.describe('Default 5432.'),
  user: z.string().describe('Default postgres.'),
  password: z
    .union([z.string(), z.number()])
    .transform(String)
    .describe("Only as `{{ env_var('NAME') }}`; in profiles.yml as it is."),
  pass: z
    .union([z.string(), z.number()])
    .transform(String)
    .describe("dbt's other name of password."),
  sslmode: z
    .enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])
    .describe("libpq's sslmode. Default prefer."),
  sslrootcert: z.string().describe('File of the authorities that the server is checked against.'),
  sslcert: z.string().describe("File of the client's certificate."),
  sslkey: z.string().describe("File of the client's key."),
  connect_timeout: wholeNumber.describe('Seconds to wait for a connection. Default 10.'),
  search_path: z.string().describe("The connection's search_path."),
  role: z.string().describe('The role that the connection takes on after the login.'),
  threads: wholeNumber.describe('Nodes built at the same time on this target.'),
  keepalives_idle: wholeNumber.describe('Read from dbt profiles and left to the system.'),
  retries: wholeNumber.describe(
    'How often a step is tried again after a deadlock or a lost connection, on this target.',
  ),
  statement_timeout_seconds: z
    .number()
    .min(0.001)
    .describe('Statements that take longer are cancelled, on this target.'),
}

/** A target as it counts: with the values of the environment filled in. */
export const targetSchema = z.strictObject(target).partial().required({ type: true })

/** A target as written: any setting may be a text with env_var(). */
const writtenTarget = z.strictObject({
  ...Object.fromEntries(
    Object.entries(target).map(([key, schema]) => [key, orTemplate(schema, key === 'type')]),
  ),
})

function orTemplate(schema: z.ZodType, isRequired: boolean): z.ZodType {
  const either = z.union([
    schema,
    z.string().regex(/\{\{/, { error: 'a text with env_var()', abort: true }),
  ])
  return (isRequired ? either : either.optional()).describe(schema.description ?? '')
}

const runHook = z.union([z.string(), z.array(z.string())]).optional()

/** project.yml, strict at every level. The only place that knows its defaults. */
export const projectSchema = z.strictObject({
  name: name.describe('Name of the project; part of every node id.'),
  version: z
    .union([z.string(), z.number()])
    .transform(String)
    .default('')
    .describe('Version of the project, for people.'),
  'config-version': z.literal(2).optional().describe('Always 2; may be left out.'),
  'model-paths': folders('models', 'models'),
  'snapshot-paths': folders('snapshots', 'snapshots'),
  'seed-paths': folders('seeds', 'seeds'),
  'macro-paths': folders('macros', 'macros'),
  'test-paths': folders('singular tests', 'tests'),
  'analysis-paths': folders('analyses', 'analyses'),
  'target-path': folder.default('target').describe('Folder of artifacts. Default target.'),
  'log-path': folder.default('logs').describe('Folder of logs, one file a run. Default logs.'),
  vars: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Values of var(): `name: value`, or the same below the project's name. --vars wins."),
  models: tree('models'),
  snapshots: tree('snapshots'),
  seeds: tree('seeds'),
  sources: tree('sources'),
  analyses: tree('analyses'),
  exposures: tree('exposures'),
  data_tests: tree('tests'),
  tests: tree('tests (the older name of data_tests)'),
  unit_tests: tree('unit tests'),
  threads: z.int().min(1).max(64).default(4).describe('Nodes built at the same time. Default 4.'),
  env: z
    .array(z.string())
    .default([])
    .describe('Environment variables that templates may read with env_var(). No secrets.'),
  target: z.string().optional().describe('The target used when --target gives none.'),
  targets: z
    .record(z.string(), writtenTarget)
    .optional()
    .describe('Where to build, by name. Without it the environment decides; see .env.example.'),
  publish_wait_seconds: z
    .number()
    .min(0)
    .default(10)
    .describe(
      'Longest wait for readers of an old table before its name gets the new one. Default 10.',
    ),
  publish: z
    .enum(['atomic', 'model'])
    .default('model')
    .describe(
      'When readers see what a run builds: model: each relation when it is ready; atomic: all in one moment, after their tests, or none. Default model.',
    ),
  keep_versions: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      'How many publications of `publish: atomic` can be taken back with `gm rollback`: what they replaced is kept. Default 0.',
    ),
  reuse: z
    .enum(['all', 'models', 'none'])
    .default('all')
    .describe(
      'What is left out while its code and inputs are as at its last success: all, models (not tests) or none. Default all.',
    ),
  statement_timeout_seconds: z
    .number()
    .min(0.001)
    .optional()
    .describe('Statements that take longer are cancelled. Default: no limit.'),
  retries: z
    .int()
    .min(0)
    .max(100)
    .default(5)
    .describe(
      'How often a step is tried again after a deadlock, a serialization failure or a lost connection, with growing pauses. Default 5.',
    ),
  history_retention_days: z
    .number()
    .min(0)
    .default(90)
    .describe(
      'Runs older than this are removed from gm.runs and gm.steps at the start of a run; failed rounds of --follow after a day. Default 90.',
    ),
  log_retention_days: z
    .number()
    .min(0)
    .default(30)
    .describe('Logs older than this are removed at the start of a run. Default 30.'),
  openlineage: z
    .strictObject({
      to: z
        .string()
        .regex(
          /^(?:https?:\/\/(?![^/]*@)|(?![a-z][a-z0-9+.-]*:\/\/))/i,
          'a file, or a http(s) URL without a user (the key goes into OPENLINEAGE_API_KEY)',
        )
        .optional()
        .describe('A file below the project, or the URL of a server. OPENLINEAGE_URL wins.'),
      namespace: z
        .string()
        .optional()
        .describe("The namespace of jobs. Default the project's name; OPENLINEAGE_NAMESPACE wins."),
      sql: z.boolean().default(true).describe('Whether events hold the SQL. Default true.'),
    })
    .default({ sql: true })
    .describe('Where runs are told as OpenLineage events. Default: nowhere.'),
  jobs: z
    .record(z.string(), z.string())
    .default({})
    .describe('Selections with a name: `facts: tag:facts`.'),
  profile: z
    .string()
    .optional()
    .describe('The profile of profiles.yml that has the targets, where `targets` has none.'),
  materializations: z
    .record(
      name,
      z.strictObject({
        module: folder.describe('The module, such as materializations/partitioned.mjs.'),
        like: z
          .enum(['view', 'table', 'incremental'])
          .describe('What a model of it is to the rest of the project.'),
      }),
    )
    .default({})
    .describe('Materializations of your own, by the name that models give as `materialized`.'),
  dispatch: z
    .array(
      z.strictObject({
        macro_namespace: name.describe('The package that dispatch is called for.'),
        search_order: z.array(name).describe('Packages, the first to be asked first.'),
      }),
    )
    .default([])
    .describe('Where adapter.dispatch looks for the macros of a package, in order.'),
  'docs-paths': z
    .array(folder)
    .default([])
    .describe('Folders of docs blocks besides those of models, seeds and so on.'),
  'packages-install-path': folder
    .default('dbt_packages')
    .describe('Folder that `gm deps` installs packages in. Default dbt_packages.'),
  'clean-targets': z
    .array(folder)
    .optional()
    .describe('Folders that `gm clean` removes. Default: the target folder and packages.'),
  'restrict-access': z
    .boolean()
    .default(false)
    .describe('Whether protected models of this package are for the package alone.'),
  flags: z
    .record(z.string(), z.unknown())
    .default({})
    .describe(
      'Flags for every command, such as `fail_fast: true` or `warn_error: true`; the environment and the command line win.',
    ),
  'require-dbt-version': z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe("Read for dbt's sake; gm has versions of its own."),
  'dbt-cloud': z.unknown().optional().describe("Read for dbt's sake."),
  'asset-paths': z
    .array(folder)
    .default([])
    .describe('Folders of images for descriptions; the docs site gets them at the same paths.'),
  quoting: z
    .record(z.string(), z.boolean())
    .optional()
    .describe('gm quotes every name, as dbt does on PostgreSQL.'),
  metrics: leftAside,
  'query-comment': leftAside,
  'saved-queries': leftAside,
  'semantic-models': leftAside,
  'function-paths': notYet,
  functions: notYet,
  'on-run-start': runHook.describe('SQL before the first node of a run, one text or a list.'),
  'on-run-end': runHook.describe('SQL after the last node, with `results` and `schemas`.'),
})

/** Keys of project.yml that are left aside, and why that changes no table. */
export const LEFT_ASIDE: Readonly<Record<string, string>> = {
  metrics: 'gm has no semantic layer.',
  'query-comment': 'gm sends statements without comments.',
  'saved-queries': 'gm has no semantic layer.',
  'semantic-models': 'gm has no semantic layer.',
}

export type ProjectFile = z.infer<typeof projectSchema>
export type TargetFile = z.infer<typeof targetSchema>
