import { GmError, gmErrorsOf } from '../base/error.ts'
import type { Path, PlaceOf } from './explain-issues.ts'

/** What templates in settings can read. */
export interface SettingScope {
  readonly projectName: string
  /** Those of the command line and of `vars:`. */
  readonly vars: Readonly<Record<string, unknown>>
  readonly env: ReadonlyMap<string, string>
  readonly envAllowed: ReadonlySet<string> | 'all'
  /** Absent where the target is not chosen yet. */
  readonly target?: { readonly name: string; readonly schema: string; readonly database: string }
}

/** The value of a text with a template in it; template/ has it, and hands it to loadProject. */
export type EvaluateSetting = (text: string, scope: SettingScope) => unknown

/**
 * A YAML value with the templates of its texts filled in; a text that is one expression becomes that expression's value.
 * @param isPlain says which paths are left as they are.
 * @param errors takes what the templates have, at the places of their texts.
 */
export function renderSettings(
  value: unknown,
  evaluate: (text: string) => unknown,
  isPlain: (path: Path) => boolean,
  placeOf: PlaceOf,
  errors: GmError[],
): unknown {
  const render = (here: unknown, path: Path): unknown => {
    if (isPlain(path)) return here
    if (typeof here === 'string') return isTemplate(here) ? evaluated(here, path) : here
    if (Array.isArray(here)) return here.map((item, i) => render(item, [...path, i]))
    if (typeof here === 'object' && here !== null) {
      return Object.fromEntries(
        Object.entries(here).map(([key, item]) => [key, render(item, [...path, key])]),
      )
    }
    return here
  }
  const evaluated = (text: string, path: Path): unknown => {
    try {
      return evaluate(text)
    } catch (thrown) {
      const found = gmErrorsOf(thrown)
      if (found === undefined) throw thrown
      const at = placeOf(path, 'value')
      for (const { code, message, hint, cause } of found) {
        errors.push(new GmError(code, message, { at, hint, cause }))
      }
      return undefined
    }
  }
  return render(value, [])
}

/** Whether a text holds a template at all. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%')
}
