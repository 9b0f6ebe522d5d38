import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GmError } from '../base/error.ts'
import type { ReadEarlierState } from '../docs/artifacts/read-earlier-state.ts'
import { readEarlierState } from '../docs/artifacts/read-earlier-state.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'

/** The earlier state in a folder that the user gave, relative to where they are. Its files are read when needed. */
export function earlierState(
  folder: string,
  { project, manifest, templates }: Pick<OpenProject, 'project' | 'manifest' | 'templates'>,
  io: Io,
): ReadEarlierState {
  return readEarlierState({
    folder,
    read: (file) => readText(resolve(io.cwd, folder, file)),
    readCurrent: (file) => readText(resolve(project.root, project.paths.target, file)),
    project,
    manifest,
    templates,
  })
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new GmError('GM1009', `${file} cannot be read: ${code ?? String(cause)}`, { cause })
  }
}
