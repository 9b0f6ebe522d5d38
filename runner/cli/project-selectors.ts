import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NamedSelector } from '../select/read-selectors.ts'
import { readSelectors } from '../select/read-selectors.ts'

const FILE = 'selectors.yml'

/**
 * The selectors of a project's selectors.yml; none where there is no such file.
 * @throws GmError or GmErrors of what stands in it.
 */
export function projectSelectors(root: string): ReadonlyMap<string, NamedSelector> {
  let text: string
  try {
    text = readFileSync(join(root, FILE), 'utf8')
  } catch {
    return new Map()
  }
  return readSelectors(text, FILE)
}
