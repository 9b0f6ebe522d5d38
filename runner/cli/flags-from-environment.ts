import type { Command, Option } from 'commander'

/** Flags that the environment may give, as dbt has them. A selection is not among them: it belongs to one command. */
const FLAGS: ReadonlySet<string> = new Set([
  'defer',
  'defer-state',
  'exclude-resource-type',
  'fail-fast',
  'favor-state',
  'full-refresh',
  'indirect-selection',
  'log-format',
  'log-level',
  'log-path',
  'profile',
  'profiles-dir',
  'project-dir',
  'quiet',
  'resource-type',
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
 * The flags of a command with those that the environment gives in place of the command line: `GM_TARGET_PATH`, and
 * dbt's `DBT_TARGET_PATH`. The command line wins; an empty variable counts as none.
 */
export function flagsFromEnvironment(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, unknown>> {
  const flags: Record<string, unknown> = { ...command.optsWithGlobals() }
  for (let here: Command | null = command; here !== null; here = here.parent) {
    for (const option of here.options) {
      const name = option.attributeName()
      const source = command.getOptionValueSourceWithGlobals(name)
      if (source !== undefined && source !== 'default') continue
      const value = valueFor(option, env)
      if (value !== undefined) flags[name] = value
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
  const suffix = long.toUpperCase().replaceAll('-', '_')
  const text = PREFIXES.map((prefix) => env[prefix + suffix]).find(
    (value) => value !== undefined && value !== '',
  )
  if (text === undefined) return undefined
  if (option.isBoolean() || option.negate) return /^(?:1|true|t|yes|y|on)$/i.test(text)
  return option.variadic ? text.split(/[\s,]+/) : text
}
