import * as z from 'zod'
import { notYet } from '../project/explain-issues.ts'

const description = z.string().optional().describe('What it is, for people. Markdown.')
const meta = z.record(z.string(), z.unknown()).optional().describe('Anything to keep with it.')
const tags = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .describe('Words to select by.')
const docs = z
  .record(z.string(), z.unknown())
  .optional()
  .describe('How the docs site shows it; the same as in config.')

/**
 * Configurations stand in the schema as open mappings, one object for each kind: checkNodeConfig reads them, and
 * the JSON Schema puts the kind's own schema in their place.
 */
export const CONFIG_PLACES = {
  model: configPlace(),
  snapshot: configPlace(),
  seed: configPlace(),
  source: configPlace(),
  test: configPlace(),
  unit_test: configPlace(),
  analysis: configPlace(),
  exposure: configPlace(),
} as const

function configPlace(): z.ZodRecord<z.ZodString, z.ZodUnknown> {
  return z.record(z.string(), z.unknown())
}

const test = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .describe(
    "A test's name, or a mapping of its name to arguments, name, description and config; or `test_name:` and the rest beside it.",
  )
const tests = {
  data_tests: z.array(test).optional().describe('Tests of the data.'),
  tests: z.array(test).optional().describe('The older name of data_tests.'),
}

const leftAside = z.unknown().optional().describe('Left aside, with a warning.')

const constraintKeys = {
  type: z
    .enum(['not_null', 'unique', 'primary_key', 'foreign_key', 'check', 'custom'])
    .describe('What must hold.'),
  name: z.string().optional().describe('Name of a check or foreign key; gm names the others.'),
  expression: z
    .string()
    .optional()
    .describe(
      'The condition of a check; `table (columns)` of a foreign key; the SQL of a custom one.',
    ),
  to: z.string().optional().describe("Foreign keys: `source('source', 'table')`."),
  to_columns: z
    .array(z.string())
    .optional()
    .describe('Foreign keys: the columns that are referred to.'),
  warn_unenforced: z.boolean().optional().describe('PostgreSQL enforces every constraint.'),
  warn_unsupported: z.boolean().optional().describe('PostgreSQL supports every constraint.'),
}
const constraint = z.strictObject(constraintKeys)
const tableConstraints = z
  .array(
    z.strictObject({
      ...constraintKeys,
      columns: z.array(z.string()).optional().describe('The columns that it is about.'),
    }),
  )
  .optional()
  .describe('Constraints of the table, under an enforced contract.')

const column = z.strictObject({
  name: z.string().describe('Name of the column.'),
  description,
  data_type: z
    .string()
    .optional()
    .describe('Type of the column: for the docs, unit tests and an enforced contract.'),
  meta,
  tags,
  config: z
    .strictObject({ meta, tags })
    .optional()
    .describe('meta and tags, in their newer place.'),
  ...tests,
  quote: z.boolean().optional().describe('gm quotes every name that is listed here.'),
  constraints: z
    .array(constraint)
    .optional()
    .describe('Constraints of the column, under an enforced contract.'),
  dimension: notYet,
  entity: notYet,
  granularity: notYet,
})

const named = {
  name: z.string().describe('Name of the resource that this describes.'),
  description,
  meta,
  docs,
}

const resource = {
  ...named,
  columns: z.array(column).optional().describe('The columns, in order.'),
  ...tests,
}

const group = z.string().optional().describe('The group that owns it; the same as in config.')
const access = z.string().optional().describe('Who may refer to it; the same as in config.')
const deprecationDate = z.string().optional().describe('From when on it should not be used.')
const versionName = z.union([z.string(), z.number()])

const version = z.strictObject({
  v: versionName.describe('The version: a number or a word.'),
  defined_in: z
    .string()
    .optional()
    .describe('The file without `.sql`. Default `<model>_v<version>` or `<model>.v<version>`.'),
  description,
  access,
  meta,
  docs,
  deprecation_date: deprecationDate,
  config: CONFIG_PLACES.model.optional().describe("Configuration, over the model's."),
  columns: z
    .array(
      z.union([
        z.strictObject({
          include: z
            .union([z.string(), z.array(z.string())])
            .optional()
            .describe("`all`, or names of the model's columns. Default all."),
          exclude: z.array(z.string()).optional().describe('Columns that the version lacks.'),
        }),
        column,
      ]),
    )
    .optional()
    .describe("What differs from the model's columns; include and exclude choose among those."),
  ...tests,
  constraints: tableConstraints,
})

const model = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.model.optional().describe('Configuration of the model.'),
  access,
  group,
  deprecation_date: deprecationDate,
  latest_version: versionName
    .optional()
    .describe('What a ref without a version means; the highest version when not given.'),
  versions: z.array(version).optional().describe('The versions of the model, a file each.'),
  constraints: tableConstraints,
  freshness: notYet,
  semantic_model: notYet,
  time_spine: leftAside,
})

const seed = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.seed.optional().describe('Configuration of the seed.'),
  group,
})

const snapshot = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.snapshot.optional().describe('Configuration of the snapshot.'),
  group,
  relation: z
    .string()
    .optional()
    .describe("What a snapshot without SQL of its own keeps: ref('x') or source('s', 't')."),
})

const analysis = z.strictObject({
  ...named,
  tags,
  columns: resource.columns,
  config: CONFIG_PLACES.analysis.optional().describe('Configuration of the analysis.'),
})

const singularTest = z.strictObject({
  ...named,
  config: CONFIG_PLACES.test.optional().describe('Configuration of the test.'),
})

const owner = z
  .looseObject({
    name: z.string().optional().describe('A person or a team.'),
    email: z.string().optional().describe('Where to write to.'),
  })
  .refine((given) => given.name !== undefined || given.email !== undefined, {
    message: 'a mapping with a name or an email',
  })
  .describe('Who answers for it: name or email, and keys of your own.')

const exposure = z.strictObject({
  ...named,
  label: z.string().optional().describe('The name as people see it; may hold spaces.'),
  type: z
    .enum(['dashboard', 'notebook', 'analysis', 'ml', 'application'])
    .describe('What uses the data.'),
  maturity: z.enum(['high', 'medium', 'low']).optional().describe('How much it is relied on.'),
  url: z.string().optional().describe('Where it is.'),
  owner,
  tags,
  depends_on: z
    .array(z.string())
    .default([])
    .describe("What it reads: `ref('model')` or `source('source', 'table')`."),
  config: CONFIG_PLACES.exposure.optional().describe('enabled, tags and meta.'),
})

const groupOfModels = z.strictObject({
  ...named,
  owner,
  config: z.strictObject({ meta }).optional().describe('meta.'),
})

const besideTables = {
  freshness: z.unknown().optional().describe('As in config.'),
  loaded_at_field: z.unknown().optional().describe('As in config.'),
  loaded_at_query: z.unknown().optional().describe('As in config.'),
  quoting: z.record(z.string(), z.boolean()).optional().describe('gm quotes every name.'),
}

const table = z.strictObject({
  description,
  meta,
  name: z.string().describe('Name of the table in source().'),
  identifier: z.string().optional().describe('Name in the database, where it is another.'),
  tags,
  loader: z.string().optional().describe('Who loads the table. For people only.'),
  columns: resource.columns,
  ...tests,
  config: CONFIG_PLACES.source.optional().describe('Configuration of the table.'),
  external: notYet,
  ...besideTables,
})

const source = z.strictObject({
  description,
  meta,
  name: z.string().describe('Name of the source in source().'),
  schema: z.string().optional().describe("Schema of its tables; the source's name when not given."),
  tags,
  loader: z.string().optional().describe('Who loads the tables. For people only.'),
  config: CONFIG_PLACES.source.optional().describe('Configuration of all its tables.'),
  tables: z.array(table).optional().describe('The tables.'),
  database: z.string().optional().describe("The target's own database."),
  overrides: notYet,
  ...besideTables,
})

const argument = z.strictObject({
  name: z.string().describe('Name of the argument.'),
  type: z.string().optional().describe('What kind of value it takes.'),
  description,
})

const macro = z.strictObject({
  ...named,
  arguments: z.array(argument).optional().describe('The arguments, in order.'),
  config: z.strictObject({ meta, docs }).optional().describe('meta and docs.'),
})

const fixture = {
  format: z
    .enum(['dict', 'csv', 'sql'])
    .optional()
    .describe('How the rows are written: dict (default), csv or sql.'),
  rows: z
    .union([z.array(z.record(z.string(), z.unknown())), z.string()])
    .optional()
    .describe('The rows; columns that a row does not name are null. An empty list is no row.'),
  fixture: z
    .string()
    .optional()
    .describe(
      'In place of rows: a file of tests/fixtures without its ending, with format csv or sql.',
    ),
}
const versions = z.array(versionName).optional()
const values = z.record(z.string(), z.unknown()).optional()

const unitTest = z.strictObject({
  name: z.string().describe('Name of the unit test.'),
  model: z.string().describe('The model whose query is tested.'),
  description,
  given: z
    .array(
      z.strictObject({
        input: z.string().describe("`ref('model')`, `source('source', 'table')` or `this`."),
        ...fixture,
      }),
    )
    .describe('The rows of each input of the model.'),
  expect: z
    .strictObject(fixture)
    .describe(
      'The rows that the query must return, in any order; columns that are not named are not compared.',
    ),
  overrides: z
    .strictObject({
      macros: values.describe('What macros return, by name; is_incremental among them.'),
      vars: values.describe('Values of variables.'),
      env_vars: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .optional()
        .describe('Values of environment variables.'),
    })
    .optional()
    .describe('What templates get instead of what there is.'),
  versions: z
    .strictObject({
      include: versions.describe('Only these versions.'),
      exclude: versions.describe('All versions but these.'),
    })
    .optional()
    .describe('Which versions of the model are tested; all when not given.'),
  config: CONFIG_PLACES.unit_test.optional().describe('enabled, tags and meta.'),
})

/** A properties file (dbt's schema.yml), strict at every level. */
export const propertiesSchema = z.strictObject({
  version: z.literal(2).optional().describe('Always 2; may be left out.'),
  models: z.array(model).optional().describe('Models.'),
  seeds: z.array(seed).optional().describe('Seeds.'),
  snapshots: z.array(snapshot).optional().describe('Snapshots.'),
  sources: z.array(source).optional().describe('Tables that gm reads and does not build.'),
  macros: z.array(macro).optional().describe('Macros.'),
  analyses: z.array(analysis).optional().describe('Analyses.'),
  anchors: z.unknown().optional().describe('A place for YAML anchors; not read.'),
  data_tests: z.array(singularTest).optional().describe('Singular tests, by name.'),
  exposures: z.array(exposure).optional().describe('Uses of the data outside of gm.'),
  groups: z.array(groupOfModels).optional().describe('People who own models together.'),
  functions: notYet,
  metrics: leftAside,
  saved_queries: leftAside,
  semantic_models: leftAside,
  unit_tests: z
    .array(unitTest)
    .optional()
    .describe('Queries of models over given rows, and the rows that they must return.'),
})

/** Keys of properties files that are left aside, and why that changes no table. */
export const LEFT_ASIDE: Readonly<Record<string, string>> = {
  metrics: 'gm has no semantic layer.',
  saved_queries: 'gm has no semantic layer.',
  semantic_models: 'gm has no semantic layer.',
}

export type RawUnitTest = z.infer<typeof unitTest>
export type RawFixture = z.infer<typeof unitTest.shape.expect>
export type RawProperties = z.infer<typeof propertiesSchema>
export type RawTest = z.infer<typeof test>
export type RawConstraint = z.infer<typeof constraint> & { readonly columns?: string[] | undefined }
export type RawColumn = z.infer<typeof column>
export type RawModel = z.infer<typeof model>
export type RawResource =
  | RawModel
  | z.infer<typeof seed>
  | z.infer<typeof snapshot>
  | z.infer<typeof analysis>
  | z.infer<typeof singularTest>
export type RawGroup = z.infer<typeof groupOfModels>
export type RawVersion = z.infer<typeof version>
export type RawExposure = z.infer<typeof exposure>
export type RawSource = z.infer<typeof source>
export type RawTable = z.infer<typeof table>
