import { parseEnv } from 'node:util'
import { withoutByteOrderMark } from '../base/byte-order-mark.ts'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'

/** Environment variables of the process, and below them those of the project's `.env`. */
export interface Environment {
  /** The value; undefined when it is not set. A variable set to nothing counts as not set, as in a shell's `${X:-}`. */
  get(name: string): string | undefined
  /** Names of all that are set. */
  names(): readonly string[]
  /** The line of `.env` that sets it; undefined when the process does. */
  placeOf(name: string): Location | undefined
}

/**
 * The process's environment over the text of a `.env` file (undefined when there is none).
 *
 * @throws GmError GM1003 a line of `.env` that is not `NAME=value`. The message holds nothing of the line: it may be a secret.
 */
export function readEnvironment(
  processEnv: Readonly<Record<string, string | undefined>>,
  content: string | undefined,
): Environment {
  const dotEnv = content === undefined ? undefined : withoutByteOrderMark(content)
  const file = dotEnv === undefined ? {} : parseEnv(dotEnv)
  const place = (name: string): Location | undefined => {
    const lines = (dotEnv ?? '').split('\n').map((line) => line.replace(/^\s*(export\s+)?/, ''))
    const sets = (line: string): boolean =>
      line.startsWith(name) && line.slice(name.length).trimStart().startsWith('=')
    const line = lines.findLastIndex(sets)
    return line === -1 ? undefined : { file: '.env', line: line + 1, column: 1 }
  }
  for (const name of Object.keys(file)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue
    throw new GmError('GM1003', 'a line of .env is not NAME=value', {
      at: { file: '.env', line: lineOfFirst(dotEnv ?? '', name), column: 1 },
      hint: 'Names are letters, digits and _; put values with spaces or # in quotes.',
    })
  }
  const own = (from: Readonly<Record<string, string | undefined>>, name: string) => {
    const value = Object.hasOwn(from, name) ? from[name] : undefined
    return value === '' ? undefined : value
  }
  return {
    names: () => [...new Set([...Object.keys(processEnv), ...Object.keys(file)])],
    get: (name) => own(processEnv, name) ?? own(file, name),
    placeOf: (name) => (own(processEnv, name) === undefined ? place(name) : undefined),
  }
}

/** parseEnv takes a line without `=` for the beginning of the next line's name. */
function lineOfFirst(text: string, name: string): number {
  const [first = name] = name.split('\n')
  return text.split('\n').findIndex((line) => line.includes(first)) + 1
}
