import type { Code } from './codes.ts'

/** What gm warns of, by code, with the names that dbt has for the same; `--warn-error-options` takes either. */
export const WARNINGS: Readonly<Partial<Record<Code, readonly string[]>>> = {
  GM1008: ['UnsupportedFeature'],
  GM2007: ['UnusedResourceConfigPath'],
  GM3001: ['NoNodesForSelectionCriteria'],
  GM3007: ['JinjaLogWarning'],
  GM3016: [],
  GM5001: ['LogTestResult'],
  GM6001: ['ArtifactWriteError'],
}

/** What becomes of warnings. What no list names is a warning. */
export interface WarningRules {
  /** Warnings that are errors: all of them but those in `warn`, or these. */
  readonly error: 'all' | readonly Code[]
  readonly warn: readonly Code[]
  readonly silence: readonly Code[]
}

export const PLAIN_WARNINGS: WarningRules = { error: [], warn: [], silence: [] }
export const ALL_WARNINGS_FAIL: WarningRules = { error: 'all', warn: [], silence: [] }

/** What the rules make of one warning. Silence goes before all else, and a name before `all`. */
export function ruleFor(code: Code, rules: WarningRules): 'error' | 'warn' | 'silence' {
  if (rules.silence.includes(code)) return 'silence'
  if (rules.error === 'all') return rules.warn.includes(code) ? 'warn' : 'error'
  return rules.error.includes(code) ? 'error' : 'warn'
}

/** The code of a warning by its code or dbt's name; undefined for none. */
export function warningNamed(name: string): Code | undefined {
  const found = Object.entries(WARNINGS).find(([code, names]) => [code, ...names].includes(name))
  return found?.[0] as Code | undefined
}

/** Every name that a warning goes by. */
export function warningNames(): readonly string[] {
  return Object.entries(WARNINGS).flatMap(([code, names]) => [code, ...names])
}
