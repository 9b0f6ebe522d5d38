import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** The text of a file of the project; undefined when it cannot be read. For code frames. */
export function readProjectFile(root: string, file: string): string | undefined {
  try {
    return readFileSync(resolve(root, file), 'utf8')
  } catch {
    return undefined
  }
}
