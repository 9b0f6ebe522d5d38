import type { ResourcePaths } from '../project/project.ts'
import type { SourceFiles, SourceText } from './source-files.ts'

/** A text file of the project or of a package. Its text is read from where it is kept when it is first asked for. */
export interface ProjectFile {
  /** Relative to the project root, forward slashes. */
  readonly file: string
  /** The configured folder that it was found under, such as `models`. */
  readonly folder: string
  /** The project's name, or that of the package that it belongs to. */
  readonly package: string
  readonly text: string
  /** sha256 of the content, in hex. */
  readonly checksum: string
}

/**
 * What parsing needs of a project and its packages, by role. The project's come first, then those of each package; each
 * of these lists is sorted by path, so that results do not depend on the disk.
 */
export interface ProjectFiles {
  readonly models: readonly ProjectFile[]
  readonly snapshots: readonly ProjectFile[]
  readonly macros: readonly ProjectFile[]
  /** Singular tests. Files in a folder `generic` define tests and count as macros. */
  readonly tests: readonly ProjectFile[]
  readonly analyses: readonly ProjectFile[]
  /** Rows of unit tests: .csv and .sql below `fixtures` in a folder of tests. */
  readonly fixtures: readonly ProjectFile[]
  /** Only hashed: seeds may be large and nothing in them matters before they are loaded. */
  readonly seeds: readonly Omit<ProjectFile, 'text'>[]
  readonly properties: readonly ProjectFile[]
  /** Markdown files, for their docs blocks. */
  readonly docs: readonly ProjectFile[]
  /** Models in Python: gm has nothing to run them with. */
  readonly python: readonly string[]
}

/** A project or package whose files are read. */
export interface PackageFolders {
  readonly name: string
  readonly paths: ResourcePaths
}

type Lists = { readonly [K in keyof ProjectFiles]: ProjectFiles[K][number][] }

/**
 * Reads all files of the folders. A file that two configured folders share is read once, for the first of them.
 * @throws GmError GM1009 for a file that cannot be read.
 */
export function readFiles(packages: readonly PackageFolders[], files: SourceFiles): ProjectFiles {
  const lists: Lists = {
    models: [],
    snapshots: [],
    macros: [],
    tests: [],
    fixtures: [],
    analyses: [],
    seeds: [],
    properties: [],
    docs: [],
    python: [],
  }
  const seen = new Set<string>()
  for (const one of packages) readPackage(one, files, lists, seen)
  lists.properties.sort((a, b) => byCodeUnit(a.file, b.file))
  return lists
}

/** A class: V8 makes a hidden class for each object that is written with a getter of its own (docs/adr/0014). */
class ReadFile implements ProjectFile {
  readonly file: string
  readonly folder: string
  readonly package: string
  readonly checksum: string
  readonly #source: SourceText

  constructor(file: string, folder: string, owner: string, source: SourceText) {
    this.file = file
    this.folder = folder
    this.package = owner
    this.checksum = source.checksum
    this.#source = source
  }

  get text(): string {
    return this.#source.text
  }
}

function readPackage(
  { name, paths }: PackageFolders,
  files: SourceFiles,
  lists: Lists,
  seen: Set<string>,
): void {
  const read = (file: string, folder: string): ProjectFile => {
    return new ReadFile(file, folder, name, files.read(file))
  }
  const collect = (
    folders: readonly string[],
    ending: string,
    take: (file: string, folder: string) => void,
  ): void => {
    for (const folder of folders) {
      for (const file of [...files.list(folder)].sort(byCodeUnit)) {
        if (seen.has(file)) continue
        const reading = file.endsWith(ending) ? take : common(file)
        if (reading === undefined) continue
        seen.add(file)
        reading(file, folder)
      }
    }
  }
  const into = (list: ProjectFile[]) => (file: string, folder: string) => {
    list.push(read(file, folder))
  }
  const common = (file: string): ReturnType<typeof into> | undefined => {
    if (/\.ya?ml$/.test(file)) return into(lists.properties)
    return file.endsWith('.md') ? into(lists.docs) : undefined
  }
  collect(paths.models, '.sql', into(lists.models))
  for (const folder of paths.models) {
    lists.python.push(...files.list(folder).filter((file) => file.endsWith('.py')))
  }
  collect(paths.snapshots, '.sql', into(lists.snapshots))
  collect(paths.seeds, '.csv', (file, folder) => {
    lists.seeds.push({ file, folder, package: name, checksum: files.hash(file) })
  })
  collect(paths.macros, '.sql', into(lists.macros))
  collect(paths.tests, '.sql', (file, folder) => {
    const below = file.slice(folder.length)
    const list = below.startsWith('/generic/')
      ? lists.macros
      : below.startsWith('/fixtures/')
        ? lists.fixtures
        : lists.tests
    list.push(read(file, folder))
  })
  for (const folder of paths.tests) {
    collect([`${folder}/fixtures`], '.csv', (file) => lists.fixtures.push(read(file, folder)))
  }
  collect(paths.analyses, '.sql', into(lists.analyses))
  collect(paths.docs, '.md', into(lists.docs))
}

/** Order by code unit: the same on every machine, unlike the locale's. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
