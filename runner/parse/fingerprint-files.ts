import { hash } from 'node:crypto'
import type { Project } from '../project/project.ts'
import type { ProjectFiles } from './read-files.ts'

/**
 * A hash of all that a manifest is made of: gm's version, the configuration (with every variable and setting of the
 * environment) and the files, by role, place and content.
 */
export function fingerprintFiles(project: Project, files: ProjectFiles, version: string): string {
  const read = { ...project, warnings: undefined }
  const configuration = JSON.stringify(read, (_key, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value,
  )
  const listed = Object.entries<readonly Listed[]>({ ...files }).map(([role, list]) => [
    role,
    ...list.map((one) =>
      typeof one === 'string' ? one : `${one.package}\n${one.folder}\n${one.file}\n${one.checksum}`,
    ),
  ])
  return hash('sha256', [version, configuration, JSON.stringify(listed)].join('\n'))
}

type Listed = ProjectFiles[keyof ProjectFiles][number]
