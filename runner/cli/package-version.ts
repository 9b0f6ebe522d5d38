import { readFileSync } from 'node:fs'

/** The version in package.json, which lies two folders up in the source and three in dist. */
export function packageVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name?: string
        version?: string
      }
      if (found.name === 'gm-transform' && found.version !== undefined) return found.version
    } catch {
      // Not here: the other place has it.
    }
  }
  return 'unknown'
}
