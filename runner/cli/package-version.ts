import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../project/package-folder.ts'

/** The version in gm's package.json. */
export function packageVersion(): string {
  const file = readFileSync(join(packageFolder(), 'package.json'), 'utf8')
  return (JSON.parse(file) as { readonly version: string }).version
}
