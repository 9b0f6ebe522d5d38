import type { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Path, PlaceOf } from '../project/explain-issues.ts'

/** What reading a file needs everywhere: places, and a list that takes the errors so that all are reported. */
export interface Reading {
  readonly placeOf: PlaceOf
  /** The file's value before its templates were filled in. */
  readonly unrendered: unknown
  readonly errors: GmError[]
  /** The place of a line, from 1, of a text of several lines that begins at a place: `rows: |`. */
  readonly textPlace: (at: Location, line: number) => Location
  /** Names of the project's own materializations. */
  readonly own: readonly string[]
}

/** Places of paths that begin below a path of the file. */
export function placesBelow(base: Path, reading: Reading): PlaceOf {
  return (path, part) => reading.placeOf([...base, ...path], part)
}
