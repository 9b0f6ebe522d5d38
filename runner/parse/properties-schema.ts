import { z } from 'zod'
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

const column = z.strictObject({
  name: z.string().describe('Name of the column.'),
  description,
  data_type: z.string().optional().describe('Type of the column, for the docs.'),
  meta,
  tags,
  config: z
    .strictObject({ meta, tags })
    .optional()
    .describe('meta and tags, in their newer place.'),
  ...tests,
  constraints: notYet,
  dimension: notYet,
  entity: notYet,
  granularity: notYet,
  quote: notYet,
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

const model = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.model.optional().describe('Configuration of the model.'),
  access: notYet,
  constraints: notYet,
  deprecation_date: notYet,
  freshness: notYet,
  group: notYet,
  latest_version: notYet,
  semantic_model: notYet,
  time_spine: notYet,
  versions: notYet,
})

const seed = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.seed.optional().describe('Configuration of the seed.'),
  group: notYet,
})

const snapshot = z.strictObject({
  ...resource,
  config: CONFIG_PLACES.snapshot.optional().describe('Configuration of the snapshot.'),
  group: notYet,
  relation: z
    .string()
    .optional()
    .describe("What a snapshot without SQL of its own keeps: ref('x') or source('s', 't')."),
})

const analysis = z.strictObject({
  ...named,
  tags,
  columns: resource.columns,
  config: z.strictObject({ meta, tags, docs }).optional().describe('meta, tags and docs.'),
})

const sourceNotYet = {
  freshness: notYet,
  loaded_at_field: notYet,
  loaded_at_query: notYet,
  quoting: notYet,
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
  ...sourceNotYet,
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
  database: notYet,
  overrides: notYet,
  ...sourceNotYet,
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
  data_tests: notYet,
  exposures: notYet,
  functions: notYet,
  groups: notYet,
  metrics: notYet,
  saved_queries: notYet,
  semantic_models: notYet,
  unit_tests: notYet,
})

export type RawProperties = z.infer<typeof propertiesSchema>
export type RawTest = z.infer<typeof test>
export type RawColumn = z.infer<typeof column>
export type RawResource = z.infer<typeof model> | z.infer<typeof seed> | z.infer<typeof snapshot>
export type RawSource = z.infer<typeof source>
export type RawTable = z.infer<typeof table>
