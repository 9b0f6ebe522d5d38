import { hash } from 'node:crypto'
import type { FileStamp, SourceFiles } from './source-files.ts'
import type { TextStore } from './text-store.ts'

/** To be raised whenever an entry has another shape. */
const FORMAT = 1

/**
 * Some disks know the time of a change to no better than two seconds: a file written so shortly before it was looked at
 * may be written again without looking any different.
 */
const COARSEST_CLOCK_MS = 2_000

/** What the disk said of a file, and what was in it. Arrays, because thousands of them are read at every start. */
type Entry = readonly [
  file: string,
  size: number,
  mtimeMs: number,
  ctimeMs: number,
  inode: number,
  checksum: string,
  /** null for a file that was only hashed. */
  text: string | null,
]

interface Contents {
  readonly format: number
  readonly seenAtMs: number
  readonly files: readonly Entry[]
}

/** Project files that are to be closed, so that the next parse remembers them. */
export interface RememberedFiles extends SourceFiles {
  /** @returns a hash of the names and contents of all the files that were read. */
  close(): string
}

/**
 * The files of a project, read from the disk only where it says that they have changed since they were last read, as git
 * does it: by size, times of change and inode. A file that had changed just before it was looked at is read again. For
 * 10,000 files this saves a fifth of an unchanged parse.
 */
export function rememberedFiles(
  disk: SourceFiles,
  store: TextStore,
  nowMs: number,
): RememberedFiles {
  const old = readContents(store)
  const known = new Map(old?.files.map((entry) => [entry[0], entry]))
  const next: Entry[] = []
  let hasChanged = false

  /** The entry of the file as it is now: the remembered one, or what `read` gives. */
  function entryOf(file: string, needsText: boolean, read: () => [string, string | null]): Entry {
    // Looked at before it is read: a change between the two is noticed the next time.
    const stamp = disk.stamp(file)
    const entry = known.get(file)
    if (entry !== undefined && old !== undefined && stamp !== undefined) {
      if ((entry[6] !== null || !needsText) && isAsSeen(entry, stamp, old.seenAtMs)) {
        next.push(entry)
        return entry
      }
    }
    hasChanged = true
    const [checksum, text] = read()
    const { size, mtimeMs, ctimeMs, inode } = stamp ?? NO_STAMP
    const fresh: Entry = [file, size, mtimeMs, ctimeMs, inode, checksum, text]
    if (stamp !== undefined) next.push(fresh)
    return fresh
  }

  return {
    list: (folder) => disk.list(folder),
    stamp: (file) => disk.stamp(file),
    read(file) {
      const entry = entryOf(file, true, () => {
        const { text, checksum } = disk.read(file)
        return [checksum, text]
      })
      return { text: entry[6] ?? '', checksum: entry[5] }
    },
    hash: (file) => entryOf(file, false, () => [disk.hash(file), null])[5],
    close() {
      if (hasChanged || old?.files.length !== next.length) {
        const contents: Contents = { format: FORMAT, seenAtMs: nowMs, files: next }
        store.write(JSON.stringify(contents))
      }
      // By name: what is known from before is looked at less often, but no file is left out.
      const checksums = new Map(next.map(([file, , , , , checksum]) => [file, checksum]))
      return hash('sha256', JSON.stringify([...checksums].sort(([a], [b]) => (a < b ? -1 : 1))))
    },
  }
}

const NO_STAMP: FileStamp = { size: 0, mtimeMs: 0, ctimeMs: 0, inode: 0 }

function isAsSeen(entry: Entry, now: FileStamp, seenAtMs: number): boolean {
  const [, size, mtimeMs, ctimeMs, inode] = entry
  return (
    now.size === size &&
    now.mtimeMs === mtimeMs &&
    now.ctimeMs === ctimeMs &&
    now.inode === inode &&
    Math.max(mtimeMs, ctimeMs) < seenAtMs - COARSEST_CLOCK_MS
  )
}

function readContents(store: TextStore): Contents | undefined {
  const text = store.read()
  if (text === undefined) return undefined
  try {
    const contents = JSON.parse(text) as Partial<Contents> | null
    return contents?.format === FORMAT ? (contents as Contents) : undefined
  } catch {
    // Cut short by a crash: every file is read again.
    return undefined
  }
}
