import type { Node, NodeConfig, NodeKind } from './node.ts'

/** A configuration under dbt's keys, as artifacts and `gm ls --output json` show it. */
export type DescribedConfig = Readonly<Record<string, unknown>>

/** Keys that every configuration of dbt has, with the values that stand for "nothing said". */
const BUILT = {
  alias: null,
  schema: null,
  database: null,
  group: null,
  incremental_strategy: null,
  persist_docs: {},
  'pre-hook': [],
  'post-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  contract: { enforced: false, alias_types: true },
  event_time: null,
} as const

const DEFAULTS: Readonly<Partial<Record<NodeKind, DescribedConfig>>> = {
  model: { ...BUILT, materialized: 'view', access: 'protected' },
  seed: { ...BUILT, materialized: 'seed', delimiter: ',', quote_columns: null },
  snapshot: {
    ...BUILT,
    materialized: 'snapshot',
    strategy: null,
    updated_at: null,
    check_cols: null,
    target_schema: null,
    target_database: null,
  },
  test: {
    alias: null,
    schema: 'dbt_test__audit',
    database: null,
    group: null,
    materialized: 'test',
    severity: 'ERROR',
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: 'count(*)',
    warn_if: '!= 0',
    error_if: '!= 0',
  },
  source: { event_time: null, freshness: null, loaded_at_field: null, loaded_at_query: null },
}

/** What a node of a kind has where nobody says anything. */
export function defaultConfig(kind: NodeKind): DescribedConfig {
  return { enabled: true, tags: [], meta: {}, ...DEFAULTS[kind] }
}

const described = new WeakMap<NodeConfig, DescribedConfig>()

/** The configuration of a node with dbt's defaults. Nodes that share a configuration share the result. */
export function describeConfig(node: Node): DescribedConfig {
  const known = described.get(node.config)
  if (known !== undefined) return known
  const config = { ...DEFAULTS[node.kind], ...writtenKeys(node.config) }
  described.set(node.config, config)
  return config
}

/** What a configuration says, in the forms that dbt gives the values. */
export function writtenKeys(config: NodeConfig): DescribedConfig {
  const { unique_key, indexes, severity, docs, materialization, ...rest } = config
  const hooks = rest as Readonly<Record<string, unknown>>
  return {
    ...withDashes(hooks),
    ...(materialization !== undefined && { materialized: materialization.name }),
    ...(unique_key.length > 0 && {
      unique_key: unique_key.length === 1 ? unique_key[0] : unique_key,
    }),
    ...(indexes.length > 0 && { indexes }),
    ...(severity !== undefined && { severity: severity.toUpperCase() }),
    ...(docs !== undefined && {
      docs: { show: docs.show ?? true, node_color: docs.node_color ?? null },
    }),
  }
}

/** Hooks are written `pre_hook` or `pre-hook`; artifacts have the dash. */
function withDashes(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { pre_hook, post_hook, ...rest } = config
  return {
    ...rest,
    ...(pre_hook !== undefined && { 'pre-hook': pre_hook }),
    ...(post_hook !== undefined && { 'post-hook': post_hook }),
  }
}
