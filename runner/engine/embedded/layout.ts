import { readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

/** How folders outside the project begin. */
export const PLACE_PREFIX = 'gm-postgres-'

/** Where the embedded server of a project keeps its things. All names begin with `postgres`. */
export interface Layout {
  /** `.gm` under the project root. */
  readonly folder: string
  /** One file for each process that starts, stops or resets the server right now. */
  readonly claims: string
  readonly log: string
  /** Names the folder outside the project that holds data and binaries, where the project is closed to the server. */
  readonly placeFile: string
  /** `folder`, or that place. */
  readonly place: string
  readonly data: string
  /** Our copy of the binaries; made only where those of the package cannot be used as they are. */
  readonly binaries: string
}

/** The layout of a project, as its `.gm` folder says it now. Nothing needs to exist. */
export function layoutOf(root: string): Layout {
  const folder = join(root, '.gm')
  const placeFile = join(folder, 'postgres.place')
  const place = readPlace(placeFile) ?? folder
  return {
    folder,
    claims: join(folder, 'postgres.claims'),
    log: join(folder, 'postgres.log'),
    placeFile,
    place,
    data: join(place, 'postgres'),
    binaries: join(place, 'postgres.binaries'),
  }
}

/** The folder that a file names. Only what `settle` made: a file that came with a repository must not point gm anywhere else. */
export function readPlace(file: string): string | undefined {
  try {
    const place = readFileSync(file, 'utf8').trim()
    const isOurs =
      basename(place).startsWith(PLACE_PREFIX) && statSync(place).uid === statSync(file).uid
    return isOurs ? place : undefined
  } catch {
    return undefined
  }
}
