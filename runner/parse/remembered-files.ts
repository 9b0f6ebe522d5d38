import { GmError } from '../base/error.ts'
import type { FileStamp, SourceFiles, SourceText } from './source-files.ts'
import type { TextStore } from './text-store.ts'

/** To be raised whenever an entry has another shape. */
const FORMAT = 2

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
  /** Whether the text is kept as well: 0 for a file that was only hashed. */
  hasText: 0 | 1,
]

interface Contents {
  readonly format: number
  readonly seenAtMs: number
  readonly files: readonly Entry[]
}

/** Texts by their checksum. */
type Texts = readonly (readonly [checksum: string, text: string])[]

/** Where what is remembered stands: what is looked at by every command, and the texts, which few need. */
export interface FileStores {
  readonly files: TextStore
  readonly texts: TextStore
}

/** Project files that are to be closed, so that the next parse remembers them. */
export interface RememberedFiles extends SourceFiles {
  close(): void
}

/**
 * The files of a project, read from the disk only where it says that they have changed since they were last read, as git
 * does it: by size, times of change and inode. A file that had changed just before it was looked at is read again. Its
 * text is read when it is asked for: a project whose manifest is known needs none.
 */
export function rememberedFiles(
  disk: SourceFiles,
  stores: FileStores,
  nowMs: number,
): RememberedFiles {
  const old = readContents(stores.files)
  const known = new Map(old?.files.map((entry) => [entry[0], entry]))
  const next: Entry[] = []
  const fresh = new Map<string, string>()
  let hasChanged = false
  let kept: ReadonlyMap<string, string> | undefined
  const texts = (): ReadonlyMap<string, string> => (kept ??= new Map(readTexts(stores.texts)))

  /** The entry of the file as it is now: the remembered one, or what `read` gives. */
  function entryOf(file: string, needsText: boolean, read: () => [string, 0 | 1]): Entry {
    // Looked at before it is read: a change between the two is noticed the next time.
    const stamp = disk.stamp(file)
    const entry = known.get(file)
    if (entry !== undefined && old !== undefined && stamp !== undefined) {
      if ((entry[6] === 1 || !needsText) && isAsSeen(entry, stamp, old.seenAtMs)) {
        next.push(entry)
        return entry
      }
    }
    hasChanged = true
    const [checksum, hasText] = read()
    const { size, mtimeMs, ctimeMs, inode } = stamp ?? NO_STAMP
    const found: Entry = [file, size, mtimeMs, ctimeMs, inode, checksum, hasText]
    if (stamp !== undefined) next.push(found)
    return found
  }

  function textOf(file: string, checksum: string): string {
    const text = fresh.get(checksum) ?? texts().get(checksum)
    if (text !== undefined) return text
    // Another gm has written its texts since: what the disk has must be what was looked at.
    const now = disk.read(file)
    if (now.checksum !== checksum) {
      throw new GmError('GM1009', `${file} has changed while it was being read`, {
        at: { file, line: 1, column: 1 },
        hint: 'Start the command again.',
      })
    }
    fresh.set(checksum, now.text)
    return now.text
  }

  return {
    list: (folder) => disk.list(folder),
    stamp: (file) => disk.stamp(file),
    read(file) {
      const [, , , , , checksum] = entryOf(file, true, () => {
        const { text, checksum: now } = disk.read(file)
        fresh.set(now, text)
        return [now, 1]
      })
      return new RememberedText(checksum, () => textOf(file, checksum))
    },
    hash: (file) => entryOf(file, false, () => [disk.hash(file), 0])[5],
    close() {
      if ([...fresh.keys()].some((checksum) => !texts().has(checksum))) {
        const all = next.flatMap(([, , , , , checksum, hasText]) => {
          const text = fresh.get(checksum) ?? texts().get(checksum)
          return hasText === 0 || text === undefined ? [] : [[checksum, text] as const]
        })
        // Before the entries that promise them.
        stores.texts.write(JSON.stringify([...new Map(all)]))
      }
      if (hasChanged || old?.files.length !== next.length) {
        const contents: Contents = { format: FORMAT, seenAtMs: nowMs, files: next }
        stores.files.write(JSON.stringify(contents))
      }
    },
  }
}

/** A class: V8 makes a hidden class for each object that is written with a getter of its own (docs/adr/0014). */
class RememberedText implements SourceText {
  readonly checksum: string
  readonly #read: () => string

  constructor(checksum: string, read: () => string) {
    this.checksum = checksum
    this.#read = read
  }

  get text(): string {
    return this.#read()
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
  const contents = readJson(store) as Partial<Contents> | null | undefined
  return contents?.format === FORMAT ? (contents as Contents) : undefined
}

function readTexts(store: TextStore): Texts {
  const texts = readJson(store)
  return Array.isArray(texts) ? (texts as Texts) : []
}

function readJson(store: TextStore): unknown {
  const text = store.read()
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Cut short by a crash: every file is read again.
    return undefined
  }
}
