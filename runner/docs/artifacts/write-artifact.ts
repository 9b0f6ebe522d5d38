import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { GmError } from '../../base/error.ts'

/**
 * Writes an artifact. It is renamed into place, so that a reader never sees half of one.
 * @throws GmError GM6001 where the file cannot be written.
 */
export function writeArtifact(file: string, value: object): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    const draft = `${file}.${randomBytes(4).toString('hex')}`
    writeFileSync(draft, JSON.stringify(value))
    renameSync(draft, file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new GmError('GM6001', `${file} cannot be written: ${code ?? String(cause)}`, {
      hint: 'Give another folder with --target-path, or write none with --no-write-json.',
      cause,
    })
  }
}
