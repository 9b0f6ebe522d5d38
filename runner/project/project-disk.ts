import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { GmError } from '../base/error.ts'

/** What reading a project's settings needs of the disk. */
export interface ProjectDisk {
  /** The text of a file; undefined when it does not exist. @throws GmError GM1009 */
  read(path: string): string | undefined
  /** Names of the folders in a folder, sorted; none when it does not exist. */
  folders(path: string): readonly string[]
}

export const PROJECT_DISK: ProjectDisk = { read: readFromDisk, folders: foldersOnDisk }

function readFromDisk(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw unreadable(path, cause)
  }
}

function foldersOnDisk(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() ||
          // A local package is a link to its folder.
          (entry.isSymbolicLink() &&
            statSync(join(path, entry.name), { throwIfNoEntry: false })?.isDirectory() === true),
      )
      .map(({ name }) => name)
      .sort()
  } catch (cause) {
    if (isMissing(cause)) return []
    throw unreadable(path, cause)
  }
}

function isMissing(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function unreadable(path: string, cause: unknown): GmError {
  const { code } = cause as NodeJS.ErrnoException
  return new GmError('GM1009', `${path} cannot be read: ${code ?? String(cause)}`, { cause })
}
