import type { Command, Option } from 'commander'

/** Flags that the environment may give, as dbt has them. A selection is not among them: it belongs to one command. */
const FLAGS: ReadonlySet<string> = new Set([
  'defer',
  'defer-state',
  'empty',
  'exclude-resource-type',
  'fail-fast',
  'favor-state',
  'full-refresh',
  'indirect-selection',
  'log-format',
  'log-level',
  'log-path',
  'print',
  'profile',
  'profiles-dir',
  'project-dir',
  'quiet',
  'resource-type',
  'sample',
  'state',
  'store-failures',
  'target',
  'target-path',
  'threads',
  'warn-error',
  'warn-error-options',
  'write-json',
])

const PREFIXES = ['GM_', 'DBT_ENGINE_', 'DBT_']

/**
 * The flags of a command that are given: on the command line, else by the environment (`GM_TARGET_PATH`, and dbt's
 * `DBT_TARGET_PATH`; an empty variable counts as none). Defaults are left to who reads them.
 */
export function flagsFromEnvironment(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, unknown>> {
  const given: Readonly<Record<string, unknown>> = command.optsWithGlobals()
  const flags: Record<string, unknown> = {}
  for (let here: Command | null = command; here !== null; here = here.parent) {
    for (const option of here.options) {
      const name = option.attributeName()
      const source = command.getOptionValueSourceWithGlobals(name)
      const isGiven = source !== undefined && source !== 'default'
      const value = isGiven ? given[name] : valueFor(option, env)
      if (value !== undefined) flags[name] ??= value
    }
  }
  return flags
}

function valueFor(
  option: Option,
  env: Readonly<Record<string, string | undefined>>,
): string | boolean | readonly string[] | undefined {
  const long = (option.long ?? '').replace(/^--(no-)?/, '')
  if (!FLAGS.has(long)) return undefined
  const text = fromEnvironment(long, env)
  if (text === undefined) return undefined
  if (option.isBoolean() || option.negate) return /^(?:1|true|t|yes|y|on)$/i.test(text)
  return option.variadic ? text.split(/[\s,]+/) : text
}

/** What the environment says of a flag, by its long name without the dashes. */
export function fromEnvironment(
  long: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const suffix = long.toUpperCase().replaceAll('-', '_')
  return PREFIXES.map((prefix) => env[prefix + suffix]).find(
    (value) => value !== undefined && value !== '',
  )
}
