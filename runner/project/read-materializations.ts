import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { GmError } from '../base/error.ts'
import type { PlaceOf } from './explain-issues.ts'
import type { OwnMaterialization } from './project.ts'
import type { ProjectDisk } from './project-disk.ts'
import type { ProjectFile } from './project-schema.ts'

const BUILT_IN: ReadonlySet<string> = new Set([
  ...['view', 'table', 'incremental', 'ephemeral', 'materialized_view'],
  ...['seed', 'snapshot', 'test'],
])

/** The project's own materializations. Their modules are read here and run only when a plan is made. Errors are added. */
export function readMaterializations(
  { materializations }: ProjectFile,
  root: string,
  disk: ProjectDisk,
  placeOf: PlaceOf,
  errors: GmError[],
): Readonly<Record<string, OwnMaterialization>> {
  return Object.fromEntries(
    Object.entries(materializations).flatMap(([name, { module, like }]) => {
      if (BUILT_IN.has(name)) {
        errors.push(
          new GmError('GM1003', `"${name}" is a materialization of gm's own`, {
            at: placeOf(['materializations', name]),
            hint: 'Take another name, and give it to models as materialized.',
          }),
        )
        return []
      }
      const text = disk.read(join(root, module))
      if (text === undefined) {
        errors.push(
          new GmError('GM1015', `there is no file ${module}`, {
            at: placeOf(['materializations', name, 'module'], 'value'),
            hint: 'It is a JavaScript module, named from the folder of the project file.',
          }),
        )
        return []
      }
      const code = createHash('sha256').update(text).digest('hex')
      return [[name, { module, like, code }]]
    }),
  )
}
