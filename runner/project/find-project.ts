import { dirname, join, resolve } from 'node:path'
import { GmError } from '../base/error.ts'

export interface FoundProject {
  /** Absolute. */
  readonly root: string
  readonly file: (typeof PROJECT_FILES)[number]
  readonly text: string
}

/** In this order: a project that both tools use may hold what only one of them understands. */
export const PROJECT_FILES = ['project.yml', 'dbt_project.yml'] as const

/**
 * The project file in a folder, or in the nearest one above it.
 * @param projectDir what `--project-dir` gives: nothing above it is looked at.
 * @throws GmError GM1001 when there is none.
 */
export function findProject(
  startDir: string,
  projectDir: string | undefined,
  read: (path: string) => string | undefined,
): FoundProject {
  const first = resolve(startDir, projectDir ?? '.')
  for (let root = first; ; root = dirname(root)) {
    const found = projectIn(root, read)
    if (found !== undefined) return found
    if (projectDir !== undefined || dirname(root) === root) break
  }
  const where = projectDir === undefined ? `${first} or above` : first
  throw new GmError('GM1001', `no project.yml in ${where}`, {
    hint: 'Go to the folder of your project (a dbt_project.yml will do), or pass --project-dir.',
  })
}

/** The project file of exactly this folder. */
export function projectIn(
  root: string,
  read: (path: string) => string | undefined,
): FoundProject | undefined {
  for (const file of PROJECT_FILES) {
    const text = read(join(root, file))
    if (text !== undefined) return { root, file, text }
  }
  return undefined
}
