import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { GmError } from '../../base/error.ts'

/** A part of an artifact whose entries are made while they are written, so that thousands are never held at once. */
export interface Entries<T> {
  readonly entries: () => Iterable<readonly [key: string, value: T]>
}

/** Bytes of JSON that are gathered before they are written. */
const CHUNK = 1 << 18

/**
 * Writes an artifact. It is renamed into place, so that a reader never sees half of one.
 * @throws GmError GM6001 where the file cannot be written.
 */
export function writeArtifact(file: string, value: object): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writePieces(draft, artifactJson(value))
    renameSync(draft, file)
  } catch (cause) {
    rmSync(draft, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    throw new GmError('GM6001', `${file} cannot be written: ${code}`, {
      hint: 'Give another folder with --target-path, or write none with --no-write-json.',
      cause,
    })
  }
}

/** The JSON of an artifact in pieces; parts that are `Entries` become objects. */
export function* artifactJson(value: object): Iterable<string> {
  let before = '{'
  for (const [key, part] of Object.entries(value)) {
    yield `${before}${JSON.stringify(key)}:`
    before = ','
    if (isEntries(part)) yield* entriesJson(part)
    else yield JSON.stringify(part)
  }
  yield before === '{' ? '{}' : '}'
}

function* entriesJson(part: Entries<unknown>): Iterable<string> {
  let before = '{'
  for (const [key, value] of part.entries()) {
    yield `${before}${JSON.stringify(key)}:`
    yield JSON.stringify(value)
    before = ','
  }
  yield before === '{' ? '{}' : '}'
}

function isEntries(part: unknown): part is Entries<unknown> {
  return (
    typeof part === 'object' &&
    part !== null &&
    !Array.isArray(part) &&
    'entries' in part &&
    typeof part.entries === 'function'
  )
}

function writePieces(file: string, pieces: Iterable<string>): void {
  const to = openSync(file, 'wx')
  try {
    // Pieces are encoded one by one: joined to long texts first, they would live long enough to be moved about.
    const chunk = Buffer.allocUnsafe(CHUNK)
    let used = 0
    for (const piece of pieces) {
      const mostBytes = 3 * piece.length
      if (mostBytes > CHUNK - used) {
        writeSync(to, chunk, 0, used)
        used = 0
      }
      if (mostBytes > CHUNK) writeSync(to, piece)
      else used += chunk.write(piece, used)
    }
    writeSync(to, chunk, 0, used)
  } finally {
    closeSync(to)
  }
}
