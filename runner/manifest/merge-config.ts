import type { GivenConfig } from './config-schema.ts'
import type { NodeConfig, NodeKind } from './node.ts'

const DEFAULTS: { readonly [K in NodeKind]: Partial<NodeConfig> } = {
  model: { materialized: 'view', on_schema_change: 'ignore' },
  snapshot: {},
  seed: { delimiter: ',' },
  test: {
    severity: 'error',
    warn_if: '!= 0',
    error_if: '!= 0',
    fail_calc: 'count(*)',
    store_failures: false,
  },
  source: {},
  analysis: {},
  exposure: {},
}

/** Mappings whose keys add up over the levels; of all other keys the last level wins. */
const MERGED_BY_KEY: ReadonlySet<string> = new Set(['meta', 'docs', 'column_types'])

/**
 * Several levels as one, the most general first: tags add up, meta, docs and column_types merge key by key, the
 * last level wins for the rest. `null` takes back what earlier levels set and stays in the result.
 */
export function stackConfig(levels: readonly GivenConfig[]): GivenConfig {
  const stacked: Record<string, unknown> = {}
  for (const level of levels) {
    for (const [key, value] of Object.entries(level)) {
      const before = stacked[key]
      if (Array.isArray(before) && Array.isArray(value) && key === 'tags') {
        stacked[key] = [...(before as unknown[]), ...(value as unknown[])]
      } else if (MERGED_BY_KEY.has(key) && value !== null) {
        stacked[key] = { ...(before as object | null | undefined), ...(value as object) }
      } else {
        stacked[key] = value
      }
    }
  }
  return stacked
}

/**
 * The configuration of a node from all its levels: project.yml from the root of its tree inwards, the properties
 * YAML, config() in the file. No levels give the defaults of the kind.
 *
 * Source: dbt's rules of configuration inheritance.
 */
export function mergeConfig(kind: NodeKind, levels: readonly GivenConfig[]): NodeConfig {
  const stacked = Object.entries(stackConfig(levels)).filter(([, value]) => value !== null)
  const given = withNewerNames(Object.fromEntries(stacked)) as Partial<NodeConfig>
  return {
    enabled: true,
    meta: {},
    unique_key: [],
    indexes: [],
    ...DEFAULTS[kind],
    ...(given.materialized === 'incremental' && { incremental_strategy: strategyFor(given) }),
    ...given,
    tags: [...new Set(given.tags)],
  }
}

/** dbt's older keys as the newer ones, which win where both are given. */
function withNewerNames(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { target_schema, invalidate_hard_deletes, ...named } = given
  return {
    ...(target_schema !== undefined && { schema: target_schema }),
    ...(invalidate_hard_deletes === true && { hard_deletes: 'invalidate' }),
    ...named,
  }
}

/** Rows that have a key replace their older selves; rows without one can only be added. */
function strategyFor(given: Partial<NodeConfig>): 'merge' | 'append' {
  return (given.unique_key ?? []).length > 0 ? 'merge' : 'append'
}
