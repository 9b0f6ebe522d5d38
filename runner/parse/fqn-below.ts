import type { ProjectFile } from './read-files.ts'

/** The fully qualified name of something that a file defines: `[project, folder, …, ...names]`. */
export function fqnBelow(
  project: string,
  { file, folder }: Pick<ProjectFile, 'file' | 'folder'>,
  ...names: readonly string[]
): string[] {
  return [
    project,
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
