import { isTemplate } from './render-settings.ts'

/** Keys that say where a relation stands and nothing of what is in it. */
const NAMES: ReadonlySet<string> = new Set([
  'schema',
  'alias',
  'database',
  'target_schema',
  'target_database',
])

/**
 * Of one level of configuration, by key, the texts as people wrote them whose values differ between a developer's target
 * and production's and mean nothing: names of relations with a template, and whatever reads the target. Two states of a
 * project are compared by these texts and not by their values. Empty where there are none.
 *
 * @param keys the level's keys, without a plus.
 * @param writtenAt what the file holds for a key, before its templates were filled in.
 */
export function unrenderedConfig(
  keys: readonly string[],
  writtenAt: (key: string) => unknown,
): { readonly unrendered?: Readonly<Record<string, string>> } {
  const texts = keys.flatMap((key) => {
    const written = writtenAt(key)
    const text = typeof written === 'string' ? written : JSON.stringify(written ?? null)
    return isTemplate(text) && (NAMES.has(key) || /\btarget\b/.test(text)) ? [[key, text]] : []
  })
  return texts.length === 0
    ? {}
    : { unrendered: Object.fromEntries(texts) as Record<string, string> }
}
