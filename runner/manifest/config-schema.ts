import * as z from 'zod'
import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { PlaceOf } from '../project/explain-issues.ts'
import { explainIssues, isNotYet, notYet } from '../project/explain-issues.ts'
import type { NodeKind, WrittenConfig } from './node.ts'

/** Configuration of one level, as checked: lists normalised, `null` where a level takes back what a lower one set. */
export type GivenConfig = { readonly [K in keyof WrittenConfig]?: WrittenConfig[K] | null }

const text = z.string()
const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? [given] : given))
const mapping = z.record(z.string(), z.unknown())

const common = {
  enabled: z.boolean().describe('Whether the node is part of the project. Default true.'),
  tags: texts.describe('Words to select by (`tag:x`). Tags of all levels add up.'),
  meta: mapping.describe('Anything you want to keep with the node. Levels merge key by key.'),
}

const docs = z
  .strictObject({
    show: z.boolean().optional().describe('Whether the docs site lists the node.'),
    node_color: z.string().optional().describe('Colour in the lineage graph.'),
    statistics: z
      .boolean()
      .optional()
      .describe('Whether the docs site shows figures of a sample of the rows. Default false.'),
    inherit_columns: z
      .boolean()
      .optional()
      .describe(
        'Whether a column that is a plain copy and has no description shows that of the column it is copied from. Default false.',
      ),
  })
  .describe('How the docs site shows the node.')

const group = text.describe('The group that owns the node.')

const placed = {
  schema: text.describe("Schema of the relation; the target's own schema when not given."),
  alias: text.describe("Name of the relation; the node's name when not given."),
  docs,
}

const index = z.strictObject({
  columns: texts.describe('Columns of the index, in order.'),
  unique: z.boolean().optional().describe('Whether the index is unique.'),
  type: z.string().optional().describe('btree (default), hash, gin, gist, brin.'),
})
const indexes = z.array(index).describe('Indexes of the table.')

const uniqueKey = texts.describe('Column or columns that identify a row.')
const fullRefresh = z
  .boolean()
  .describe('true: always rebuild; false: never, not even with --full-refresh.')

const hook = z.union([
  z.string().transform((sql) => ({ sql, transaction: true })),
  z.strictObject({
    sql: z.string().describe('The SQL; a template, in which {{ this }} is the relation.'),
    transaction: z
      .boolean()
      .default(true)
      .describe("Whether it belongs to the build's transaction. Default true."),
  }),
])
const hooks = z
  .union([hook, z.array(hook)])
  .transform((given) => (Array.isArray(given) ? given : [given]))

/** A day or a moment, as YAML and templates give it; kept as ISO text in UTC. */
const moment = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|\+00:00)?)?$/,
    'a day such as 2026-01-31, or a moment in UTC such as 2026-01-31T06:00:00',
  )
  .transform((given) => given.replace(' ', 'T').replace(/Z$|\+00:00$/, ''))
  .refine((given) => isOnCalendar(given.slice(0, 10)) && isOnClock(given.slice(11)), {
    error: 'a day of the calendar',
  })

function isOnCalendar(day: string): boolean {
  const parsed = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day)
}

function isOnClock(time: string): boolean {
  return time === '' || !Number.isNaN(Date.parse(`2000-01-01T${time}Z`))
}

const timeout = z
  .number()
  .min(0.001)
  .describe('Seconds that it may take; then it is cancelled and fails. Default: no limit.')

/** Keys of everything that becomes a relation. */
const built = {
  event_time: text.describe(
    'Column with the time at which what a row tells of happened. Microbatch models, and --sample, read their inputs by it.',
  ),
  pre_hook: hooks.describe('SQL before the build, in its transaction. Levels add up.'),
  'pre-hook': hooks.describe('The same as pre_hook.'),
  post_hook: hooks.describe('SQL after the build, in the transaction that publishes it.'),
  'post-hook': hooks.describe('The same as post_hook.'),
  grants: z
    .record(z.string(), texts)
    .describe('Roles by privilege, such as {select: [reporter]}; `+select` adds to lower levels.'),
  persist_docs: z
    .strictObject({
      relation: z.boolean().optional().describe('The description of the relation.'),
      columns: z.boolean().optional().describe('Those of its columns.'),
    })
    .describe('Which descriptions are written into the database as comments.'),
  timeout,
}

/** Every key of dbt's models, snapshots and seeds that gm would otherwise have to ignore. */
const relationNotYet = {
  database: notYet,
  on_error: notYet,
  quoting: notYet,
  static_analysis: notYet,
  unlogged: notYet,
}

const age = z
  .strictObject({
    count: z.int().min(0).describe('How many of the periods.'),
    period: z.enum(['minute', 'hour', 'day']).describe('minute, hour or day.'),
  })
  .optional()
const freshness = z
  .strictObject({
    warn_after: age.describe('Older rows than this warn.'),
    error_after: age.describe('Older rows than this fail.'),
    filter: z.string().optional().describe('Condition on the rows that are looked at.'),
  })
  .describe('How old the newest row may be, for gm source freshness.')

const MATERIALIZED = ['view', 'table', 'incremental', 'ephemeral', 'materialized_view'] as const

const SHAPES = {
  model: {
    ...common,
    ...placed,
    contract: z
      .strictObject({
        enforced: z.boolean().optional().describe('Whether the contract holds. Default false.'),
        alias_types: z.boolean().optional().describe('Whether `string` means text. Default true.'),
      })
      .describe(
        'enforced: the query must give the columns and types of the properties YAML, and the table gets its constraints.',
      ),
    materialized: z
      .enum(MATERIALIZED)
      .describe('What the model becomes in the database. Default view.'),
    incremental_strategy: z
      .enum(['append', 'merge', 'delete+insert', 'microbatch'])
      .describe(
        'How new rows enter an incremental model. Default merge with a unique_key, else append. microbatch: interval by interval of its event_time.',
      ),
    unique_key: uniqueKey,
    full_refresh: fullRefresh,
    on_schema_change: z
      .enum(['ignore', 'fail', 'append_new_columns', 'sync_all_columns'])
      .describe('What to do when the columns of an incremental model change. Default ignore.'),
    merge_update_columns: texts.describe(
      'Merge: the only columns that rows which are there take from the new ones.',
    ),
    merge_exclude_columns: texts.describe(
      'Merge: columns that rows which are there keep as they are.',
    ),
    incremental_predicates: texts.describe(
      'Conditions that rows must meet to be replaced; DBT_INTERNAL_DEST is the old row, DBT_INTERNAL_SOURCE the new.',
    ),
    indexes,
    group,
    access: z
      .enum(['private', 'protected', 'public'])
      .describe(
        'Who may refer to the model: its group alone, its project (default), or every project.',
      ),
    ...built,
    sql_header: text.describe('SQL that is sent in front of the build, such as settings.'),
    on_configuration_change: z
      .enum(['apply', 'continue', 'fail'])
      .describe('Materialized views: what a change of their indexes does. Default apply.'),
    ...relationNotYet,
    batch_size: z
      .enum(['hour', 'day', 'month', 'year'])
      .describe('Microbatch: the interval that a batch replaces, in UTC.'),
    begin: moment.describe('Microbatch: the moment from which on there are batches, in UTC.'),
    concurrent_batches: z
      .boolean()
      .describe('Microbatch: whether batches are done side by side. Default true.'),
    freshness: notYet,
    latest_version_pointer: notYet,
    lookback: z
      .int()
      .min(0)
      .describe('Microbatch: batches before the newest that each run does again. Default 1.'),
    packages: notYet,
  },
  snapshot: {
    ...common,
    ...placed,
    strategy: z
      .enum(['events', 'timestamp', 'check'])
      .describe(
        'events: history is a function of an event log. timestamp, check: rows are looked at run by run, by the time of their last change or by their values.',
      ),
    unique_key: uniqueKey,
    updated_at: text.describe(
      "Column of the query with the event's time (timestamptz), or the row's last change.",
    ),
    check_cols: z
      .union([z.literal('all'), texts])
      .describe('A change in one of these columns opens a version; `all` with strategy check.'),
    hard_deletes: z
      .enum(['ignore', 'invalidate', 'new_record'])
      .describe(
        'What becomes of a row that is gone: nothing (default), its version ends, or a version with dbt_is_deleted begins.',
      ),
    invalidate_hard_deletes: z
      .boolean()
      .describe('The older form of hard_deletes: invalidate. Prefer that.'),
    dbt_valid_to_current: text.describe(
      "SQL for the end of a version that holds, such as to_date('9999-12-31', 'YYYY-MM-DD'). Default null.",
    ),
    snapshot_meta_column_names: z
      .strictObject({
        dbt_scd_id: text.optional().describe('Name of the key of a version.'),
        dbt_updated_at: text.optional().describe("Name of the time of the row's last change."),
        dbt_valid_from: text.optional().describe('Name of the beginning of a version.'),
        dbt_valid_to: text.optional().describe('Name of its end.'),
        dbt_is_deleted: text
          .optional()
          .describe("Name of the column that is 'True' in a version of a deleted row."),
      })
      .describe('Other names for the columns that a polling snapshot adds.'),
    target_schema: text.describe(
      'The older form of schema: taken as it is written, whatever names schemas else.',
    ),
    no_overlaps: z
      .boolean()
      .describe('An exclusion constraint against overlapping versions. Needs btree_gist.'),
    tie_breakers: texts.describe('Columns that order events of one moment; the last wins.'),
    surrogate_key: text.describe('Name of the surrogate key column. Default `<name>_sk`.'),
    full_refresh: fullRefresh,
    indexes,
    group,
    ...built,
    ...relationNotYet,
    target_database: notYet,
  },
  seed: {
    ...common,
    ...placed,
    column_types: z
      .record(z.string(), z.string())
      .describe('PostgreSQL types by column. Levels merge column by column.'),
    delimiter: z
      .string()
      .regex(/^[^\n\r"]$/, 'one character')
      .describe('What separates the columns of the CSV file. Default comma.'),
    quote_columns: z
      .boolean()
      .describe(
        'true: column names stay as the header has them; false: they become lower case. Default true, in a dbt project false.',
      ),
    full_refresh: fullRefresh,
    indexes,
    group,
    ...built,
    ...relationNotYet,
  },
  test: {
    ...common,
    severity: z
      .string()
      .transform((given) => given.toLowerCase())
      .pipe(z.enum(['error', 'warn']))
      .describe('Whether failing rows fail the run. Default error.'),
    warn_if: text.describe('Condition on the count of failing rows that warns. Default `!= 0`.'),
    error_if: text.describe('Condition on the count of failing rows that fails. Default `!= 0`.'),
    fail_calc: text.describe('SQL that counts the failing rows. Default `count(*)`.'),
    limit: z.int().min(1).describe('Most failing rows to look at.'),
    where: text.describe('Condition that the tested rows must meet.'),
    timeout,
    store_failures: z.boolean().describe('Whether failing rows are kept in a table.'),
    store_failures_as: z
      .enum(['table', 'view', 'ephemeral'])
      .describe(
        'What failing rows are kept as; ephemeral: not at all. Decides over store_failures.',
      ),
    schema: placed.schema,
    alias: placed.alias,
    database: notYet,
    group: notYet,
    sql_header: notYet,
    static_analysis: notYet,
  },
  unit_test: { ...common, timeout, static_analysis: notYet },
  analysis: { ...common, docs, group: notYet },
  exposure: { ...common },
  source: {
    ...common,
    event_time: text.describe(
      "Column with the row's time, for changes() of a table without tracking.",
    ),
    lookback: z
      .string()
      .regex(/^\d+ (second|minute|hour|day|week|month)s?$/, 'an interval such as 2 hours')
      .describe(
        'With event_time: how late a row may come and still be read by changes(), such as 2 hours.',
      ),
    log_keys: z
      .boolean()
      .describe(
        'Lets gm put triggers on the table that write down deleted and replaced keys, for changed_keys().',
      ),
    database: notYet,
    freshness,
    loaded_at_field: text.describe('Column or expression with the time at which a row was loaded.'),
    loaded_at_query: text.describe('A query for that time, in place of loaded_at_field.'),
    quoting: notYet,
  },
} as const satisfies Record<NodeKind, Record<string, z.ZodType>>

/** Values that dbt has and gm does not yet: an error of their own, so that nobody looks for a typing mistake. */
const VALUES_NOT_YET: Readonly<Record<string, ReadonlySet<string>>> = {
  incremental_strategy: new Set(['insert_overwrite']),
}

const VALUE_HINTS: Readonly<Record<string, string>> = {
  incremental_strategy: 'Use append, merge, delete+insert or microbatch.',
}

const whole = new Map<NodeKind, z.ZodObject>()

/** The configuration keys of a kind as one schema; all are optional. Serves errors, JSON Schema and the reference, and is made for those alone. */
export function configSchema(kind: NodeKind): z.ZodObject {
  const made = whole.get(kind) ?? z.strictObject(SHAPES[kind]).partial()
  whole.set(kind, made)
  return made
}

/** Whether a name is a configuration key of the kind, supported yet or not. */
export function isConfigKey(kind: NodeKind, key: string): boolean {
  return Object.hasOwn(SHAPES[kind], key)
}

/**
 * Checks the configuration of one level and normalises single values to lists.
 * Keys with errors are left out of `config`; an empty mapping gives an empty configuration.
 *
 * @param own names of materializations that the project defines; they stay as they are.
 * Errors are GM1002 unknown key, GM1003 wrong type or value, GM1008 not supported yet; nothing is thrown.
 */
export function checkNodeConfig(
  kind: NodeKind,
  raw: Readonly<Record<string, unknown>>,
  placeOf: PlaceOf,
  own: readonly string[] = [],
): { config: GivenConfig; errors: GmError[] } {
  const config: Record<string, unknown> = {}
  const errors: GmError[] = []
  for (const key of Object.keys(raw)) {
    const value = raw[key]
    if (!isConfigKey(kind, key)) {
      errors.push(unknownKey(kind, key, placeOf))
      continue
    }
    if (key === 'materialized' && kind === 'model' && own.length > 0) {
      const model = z.strictObject({ materialized: z.enum([...MATERIALIZED, ...own]).optional() })
      const given = { materialized: value ?? undefined }
      const { error } = model.safeParse(given)
      if (error === undefined) config[key] = value
      else errors.push(...explainIssues(error, model, given, placeOf))
      continue
    }
    const schema = (SHAPES[kind] as Record<string, z.ZodType>)[key] ?? notYet
    if (value === null && !isNotYet(schema)) {
      config[key] = null
    } else if (typeof value === 'string' && VALUES_NOT_YET[key]?.has(value) === true) {
      const at = placeOf([key], 'value')
      errors.push(
        new GmError('GM1008', `gm does not support ${key}: ${value} yet`, {
          at,
          hint: VALUE_HINTS[key],
        }),
      )
    } else {
      const result = schema.safeParse(value)
      if (result.success) config[key] = result.data
      else errors.push(...explainKey(kind, key, value, placeOf))
    }
  }
  return { config, errors }
}

/** Checks one key again, inside its mapping, so that messages can name it. Only errors come here. */
function explainKey(kind: NodeKind, key: string, value: unknown, placeOf: PlaceOf): GmError[] {
  const given = { [key]: value }
  const schema = configSchema(kind)
  const { error } = schema.safeParse(given)
  return error === undefined ? [] : explainIssues(error, schema, given, placeOf)
}

function unknownKey(kind: NodeKind, key: string, placeOf: PlaceOf): GmError {
  const others = (Object.keys(SHAPES) as NodeKind[]).filter((other) => isConfigKey(other, key))
  const hint =
    others.length > 0
      ? `It belongs to ${others.map(plural).join(' and ')}.`
      : didYouMean(key, supportedKeys(kind))
  return new GmError(
    'GM1002',
    `unknown key "${key}" in the configuration of a ${kind.replace('_', ' ')}`,
    {
      at: placeOf([key]),
      hint: hint ?? `Possible here: ${supportedKeys(kind).join(', ')}.`,
    },
  )
}

function plural(kind: NodeKind): string {
  return kind === 'analysis' ? 'analyses' : `${kind.replace('_', ' ')}s`
}

function supportedKeys(kind: NodeKind): string[] {
  return Object.entries<z.ZodType>(SHAPES[kind]).flatMap(([key, schema]) =>
    isNotYet(schema) ? [] : [key],
  )
}
