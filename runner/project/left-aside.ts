import { GmError } from '../base/error.ts'
import type { PlaceOf } from './explain-issues.ts'
import type { ProjectFile } from './project-schema.ts'
import { LEFT_ASIDE } from './project-schema.ts'

/** GM1008 for each thing of a project file that gm reads and leaves aside; none of them changes a table. */
export function leftAside(value: object, file: ProjectFile, placeOf: PlaceOf): GmError[] {
  const given = new Set(Object.keys(value))
  const keys = Object.entries(LEFT_ASIDE).flatMap(([key, hint]) =>
    given.has(key)
      ? [new GmError('GM1008', `"${key}" is left aside`, { at: placeOf([key]), hint })]
      : [],
  )
  const unquoted = Object.entries(file.quoting ?? {}).flatMap(([key, isQuoted]) =>
    isQuoted
      ? []
      : [
          new GmError('GM1008', `gm quotes every name, so quoting of ${key} stays on`, {
            at: placeOf(['quoting', key]),
            hint: 'It makes no difference to names in lower case.',
          }),
        ],
  )
  return [...keys, ...unquoted]
}
