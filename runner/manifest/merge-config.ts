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
  },
  unit_test: {},
  source: {},
  analysis: {},
  exposure: {},
}

/** Mappings whose keys add up over the levels; of all other keys the last level wins. */
const MERGED_BY_KEY: ReadonlySet<string> = new Set(['meta', 'docs', 'column_types', 'persist_docs'])

const HOOKS: ReadonlySet<string> = new Set(['pre_hook', 'pre-hook', 'post_hook', 'post-hook'])

type Grants = NonNullable<NodeConfig['grants']>

/**
 * A privilege of a level takes the place of a lower one's; written with a plus it adds to it. The plus stays where there
 * is nothing to add to yet: these levels may be stacked on lower ones.
 */
function addGrants(before: Grants | null | undefined, more: Grants): Grants {
  const merged = new Map(Object.entries(before ?? {}))
  for (const [key, grantees] of Object.entries(more)) {
    const privilege = key.replace(/^\+/, '')
    if (key === privilege) {
      merged.delete(`+${privilege}`)
      merged.set(privilege, grantees)
    } else {
      const base = merged.has(privilege) ? privilege : key
      merged.set(base, [...new Set([...(merged.get(base) ?? []), ...grantees])])
    }
  }
  return Object.fromEntries(merged)
}

function withoutPlus(grants: Grants): Grants {
  return Object.fromEntries(
    Object.entries(grants).map(([key, grantees]) => [key.replace(/^\+/, ''), [...grantees]]),
  )
}

/**
 * Several levels as one, the most general first: tags add up, meta, docs and column_types merge key by key, the
 * last level wins for the rest. `null` takes back what earlier levels set and stays in the result.
 */
export function stackConfig(levels: readonly GivenConfig[]): GivenConfig {
  const stacked: Record<string, unknown> = {}
  for (const level of levels) {
    // A value takes the place of the text that decided it at a lower level.
    const texts = { ...(stacked.unrendered as Readonly<Record<string, string>> | undefined) }
    const kept = Object.entries({ ...texts, ...level.unrendered }).filter(
      ([key]) => !Object.hasOwn(level, key) || level.unrendered?.[key] !== undefined,
    )
    if (kept.length > 0) stacked.unrendered = Object.fromEntries(kept)
    else delete stacked.unrendered
    for (const [key, value] of Object.entries(level)) {
      const before = stacked[key]
      if (key === 'unrendered') continue
      if (Array.isArray(before) && Array.isArray(value) && key === 'tags') {
        stacked[key] = [...(before as unknown[]), ...(value as unknown[])]
      } else if (Array.isArray(before) && Array.isArray(value) && HOOKS.has(key)) {
        stacked[key] = [...(before as unknown[]), ...(value as unknown[])]
      } else if (key === 'grants' && value !== null) {
        stacked[key] = addGrants(before as Grants | null | undefined, value as Grants)
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
  const stacked = Object.entries(stackConfig(levels)).filter(
    ([key, value]) => value !== null && key !== 'unrendered',
  )
  const given = withNewerNames(Object.fromEntries(stacked)) as Partial<NodeConfig>
  return {
    enabled: true,
    meta: {},
    unique_key: [],
    indexes: [],
    ...DEFAULTS[kind],
    ...(given.materialized === 'incremental' && { incremental_strategy: strategyFor(given) }),
    ...given,
    ...(given.grants != null && { grants: withoutPlus(given.grants) }),
    tags: [...new Set(given.tags)],
  }
}

/** dbt's older keys as the newer ones, which win where both are given. */
function withNewerNames(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { invalidate_hard_deletes, 'pre-hook': preHook, 'post-hook': postHook, ...named } = given
  return {
    ...(invalidate_hard_deletes === true && { hard_deletes: 'invalidate' }),
    ...named,
    ...(preHook !== undefined && { pre_hook: both(preHook, named.pre_hook) }),
    ...(postHook !== undefined && { post_hook: both(postHook, named.post_hook) }),
  }
}

function both(first: unknown, second: unknown): readonly unknown[] {
  return [first, second].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
}

/** Rows that have a key replace their older selves; rows without one can only be added. */
function strategyFor(given: Partial<NodeConfig>): 'merge' | 'append' {
  return (given.unique_key ?? []).length > 0 ? 'merge' : 'append'
}
