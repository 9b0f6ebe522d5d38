import type { Project } from '../project/project.ts'
import type { SourceFiles } from './source-files.ts'

/** A text file of the project, whole. */
export interface ProjectFile {
  /** Relative to the project root, forward slashes. */
  readonly file: string
  /** The configured folder that it was found under, such as `models`. */
  readonly folder: string
  readonly text: string
  /** sha256 of the content, in hex. */
  readonly checksum: string
}

/** What parsing needs of a project, by role; each list is sorted by path, so that results do not depend on the disk. */
export interface ProjectFiles {
  readonly models: readonly ProjectFile[]
  readonly snapshots: readonly ProjectFile[]
  readonly macros: readonly ProjectFile[]
  /** Singular tests. Files in a folder `generic` define tests and count as macros. */
  readonly tests: readonly ProjectFile[]
  /** Only hashed: seeds may be large and nothing in them matters before they are loaded. */
  readonly seeds: readonly Omit<ProjectFile, 'text'>[]
  readonly properties: readonly ProjectFile[]
}

/**
 * Reads all files of the project's folders. A file that two configured folders share is read once,
 * for the first of them.
 * @throws GmError GM1009 for a file that cannot be read.
 */
export function readFiles(paths: Project['paths'], files: SourceFiles): ProjectFiles {
  const properties: ProjectFile[] = []
  const seen = new Set<string>()

  const read = (file: string, folder: string): ProjectFile => ({
    file,
    folder,
    ...files.read(file),
  })
  const collect = <T>(
    folders: readonly string[],
    ending: string,
    take: (file: string, folder: string) => T,
  ): T[] => {
    const found: T[] = []
    for (const folder of folders) {
      for (const file of [...files.list(folder)].sort(byCodeUnit)) {
        if (seen.has(file)) continue
        if (file.endsWith(ending)) {
          seen.add(file)
          found.push(take(file, folder))
        } else if (file.endsWith('.yml') || file.endsWith('.yaml')) {
          seen.add(file)
          properties.push(read(file, folder))
        }
      }
    }
    return found
  }

  const models = collect(paths.models, '.sql', read)
  const snapshots = collect(paths.snapshots, '.sql', read)
  const seeds = collect(paths.seeds, '.csv', (file, folder) => ({
    file,
    folder,
    checksum: files.hash(file),
  }))
  const macros = collect(paths.macros, '.sql', read)
  const tests: ProjectFile[] = []
  for (const test of collect(paths.tests, '.sql', read)) {
    if (test.file.slice(test.folder.length).startsWith('/generic/')) macros.push(test)
    else tests.push(test)
  }
  properties.sort((a, b) => byCodeUnit(a.file, b.file))
  return { models, snapshots, macros, tests, seeds, properties }
}

/** Order by code unit: the same on every machine, unlike the locale's. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
