import type { ProjectFile } from './read-files.ts'

/** The fully qualified name of something that a file defines: `[package, folder, …, ...names]`. */
export function fqnBelow(
  { file, folder, package: owner }: Pick<ProjectFile, 'file' | 'folder' | 'package'>,
  ...names: readonly string[]
): string[] {
  return [
    owner,
    ...file
      .slice(folder.length + 1)
      .split('/')
      .slice(0, -1),
    ...names,
  ]
}

/** The file's name without its folders and its ending. */
export function stemOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1, file.lastIndexOf('.'))
}
