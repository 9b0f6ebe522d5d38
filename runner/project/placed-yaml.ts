import type { PlaceOf } from './explain-issues.ts'

/** A YAML file as plain values, and where each of them stands. */
export interface PlacedYaml {
  /** Mappings are plain objects; an empty file is null. */
  readonly value: unknown
  /** The place of a key or item; of the nearest enclosing one for a path that the file does not have. */
  readonly placeOf: PlaceOf
}
