import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { packageVersion } from './package-version.ts'

/** Which gm this is: its version, and when it was built. What another has kept is not used. */
export function gmBuild(): string {
  return `${packageVersion()} ${statSync(fileURLToPath(import.meta.url)).mtimeMs}`
}
