import type { GivenConfig } from './config-schema.ts'
import type { NodeConfig, NodeKind } from './node.ts'

const DEFAULTS: { readonly [K in NodeKind]: GivenConfig } = {
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
}

/** Mappings whose keys add up over the levels; of all other keys the last level wins. */
const MERGED_BY_KEY: ReadonlySet<string> = new Set(['meta', 'docs', 'column_types'])

/**
 * One configuration from several levels, the most general first: project.yml from the root of its tree inwards,
 * the properties YAML, config() in the file. Tags add up; meta, docs and column_types merge key by key; the last
 * level wins for the rest. `null` takes back what lower levels set. No levels give the defaults of the kind.
 *
 * Source: dbt's rules of configuration inheritance.
 */
export function mergeConfig(kind: NodeKind, levels: readonly GivenConfig[]): NodeConfig {
  const merged: Record<string, unknown> = {}
  for (const level of levels) {
    for (const [key, value] of Object.entries(level)) {
      if (value === null) delete merged[key]
      else if (key === 'tags')
        merged[key] = [...((merged[key] as string[] | undefined) ?? []), ...(value as string[])]
      else if (MERGED_BY_KEY.has(key))
        merged[key] = { ...(merged[key] as object | undefined), ...(value as object) }
      else merged[key] = value
    }
  }
  const given = merged as Partial<NodeConfig>
  return {
    enabled: true,
    meta: {},
    unique_key: [],
    indexes: [],
    ...(DEFAULTS[kind] as Partial<NodeConfig>),
    ...(given.materialized === 'incremental' && { incremental_strategy: strategyFor(given) }),
    ...given,
    tags: [...new Set(given.tags)],
  }
}

/** Rows that have a key replace their older selves; rows without one can only be added. */
function strategyFor(given: Partial<NodeConfig>): 'merge' | 'append' {
  return (given.unique_key ?? []).length > 0 ? 'merge' : 'append'
}
