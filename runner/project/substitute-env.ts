import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Environment } from './environment.ts'

/** dbt's number filters are allowed because profiles use them for ports; fields convert by themselves. */
const CALL =
  /\{\{-?\s*env_var\(\s*(['"])([^'"]*)\1\s*(?:,\s*(?:(['"])(.*?)\3|(\d+))\s*)?\)\s*(?:\|\s*(?:int|as_number|as_native|as_text)\s*)?-?\}\}/g

/**
 * A text with each `{{ env_var('NAME') }}` or `{{ env_var('NAME', 'default') }}` replaced by its value.
 *
 * @throws GmError GM1005 a variable that is not set and has no default, GM1003 any other template.
 */
export function substituteEnv(text: string, env: Environment, at: Location): string {
  if (/\{[{%]/.test(text.replace(CALL, ''))) {
    throw new GmError('GM1003', 'only env_var() can stand in a connection setting', {
      at,
      hint: "Write {{ env_var('NAME') }} or {{ env_var('NAME', 'default') }}.",
    })
  }
  return text.replace(CALL, (_all, _quote, name: string, _quote2, ...defaults: unknown[]) => {
    const [text, digits] = defaults as (string | undefined)[]
    const value = env.get(name) ?? text ?? digits
    if (value !== undefined) return value
    throw new GmError('GM1005', `environment variable ${name} is not set`, {
      at,
      hint: `Set ${name} in the environment or in .env beside project.yml, or give a default: {{ env_var('${name}', 'default') }}.`,
    })
  })
}
