import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { withoutByteOrderMark } from '../base/byte-order-mark.ts'
import { GmError } from '../base/error.ts'
import type { SourceFiles, SourceText } from './source-files.ts'

const CHUNK_BYTES = 1 << 16

/**
 * The files of a project on disk. Calls are synchronous: for thousands of small files a plain loop of
 * `readFileSync` takes a third of the CPU of promises.
 * @param root absolute path of the project.
 */
export function diskFiles(root: string): SourceFiles {
  return {
    list: (folder) => listBelow(root, folder),
    read: (file) => sourceText(guarded(file, () => readFileSync(join(root, file), 'utf8'))),
    hash: (file) => guarded(file, () => hashFile(join(root, file))),
    stamp(file) {
      const found = statSync(join(root, file), { throwIfNoEntry: false })
      if (found === undefined) return undefined
      const { size, mtimeMs, ctimeMs, ino: inode } = found
      return { size, mtimeMs, ctimeMs, inode }
    },
  }
}

export function sourceText(content: string): SourceText {
  const text = withoutByteOrderMark(content)
  return { text, checksum: hash('sha256', text) }
}

function listBelow(root: string, folder: string): string[] {
  const found: string[] = []
  const pending = [folder]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    let entries
    try {
      entries = readdirSync(join(root, at), { withFileTypes: true })
    } catch (error) {
      if (isMissing(error)) continue
      throw unreadable(at, error)
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const path = `${at}/${entry.name}`
      if (entry.isDirectory()) pending.push(path)
      // Links are followed for files only: a link to a folder above would never end.
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path)
    }
  }
  return found
}

function hashFile(path: string): string {
  const hash = createHash('sha256')
  const handle = openSync(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let size = readSync(handle, chunk); size > 0; size = readSync(handle, chunk)) {
      hash.update(chunk.subarray(0, size))
    }
  } finally {
    closeSync(handle)
  }
  return hash.digest('hex')
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unreadable(file, error)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function unreadable(file: string, cause: unknown): GmError {
  // Node's `ENOENT: no such file or directory, open '/…'` without what the user knows already.
  const said = cause instanceof Error ? cause.message : String(cause)
  const reason = /^[A-Z]+: (.+?), \w+ /.exec(said)?.[1] ?? said
  return new GmError('GM1009', `cannot read ${file}: ${reason}`, {
    at: { file, line: 1, column: 1 },
    hint: 'Check that the file exists and that you may read it.',
    cause,
  })
}
