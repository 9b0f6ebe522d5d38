import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { Script } from 'node:vm'

/** What V8 compiled for earlier commands. */
interface Kept {
  /** The commands that have called what is kept. */
  readonly commands: readonly string[]
  /** By the name of the file. */
  readonly files: ReadonlyMap<string, KeptFile>
}

interface KeptFile {
  /** When the file was written: V8 itself only sees whether the text has become longer or shorter. */
  readonly modified: number
  readonly code: Buffer
}

export interface CodeCache {
  /** Loads a CommonJS file of the folder, as `require` does. */
  readonly load: (name: string) => unknown
  /**
   * At the end of a command: keeps what V8 has compiled, where it is the first of its name or has loaded other files than those before it; and once
   * a day, because a command does not do the same each time.
   */
  readonly keep: (command: string) => void
}

const DAY_MS = 86_400_000
/** A draft takes far less. */
const MINUTE_MS = 60_000

/**
 * Loads the CommonJS files of a folder, which are of ASCII alone, with the code that V8 compiled for earlier commands: to read and compile gm anew is half of what
 * a short command costs (docs/adr/0015). The code lies beside the files, under the name of this Node: whoever can write it could
 * write the files as well. It only saves time: what cannot be read or written, or is another V8's, is left alone.
 */
export function openCodeCache(folder: string): CodeCache {
  const file = join(folder, `code-${process.version}-${process.arch}.bin`)
  const kept = read(file)
  const loaded = new Map<string, { readonly modified: number; readonly script: Script }>()
  /** Whether something that was kept is of no use any more, or something was not kept. */
  let hasChanged = false
  let hasMore = false
  const require = createRequire(join(folder, 'any.cjs'))
  // Node warns of new uses and promises to keep it; there is no other way to load what `require` registers.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const { extensions } = require
  const plain = extensions['.js']

  extensions['.cjs'] = (module, path) => {
    // Node finds the lines of source maps for what it has compiled itself.
    if (dirname(path) !== folder || process.sourceMapsEnabled) {
      plain(module, path)
      return
    }
    const name = path.slice(folder.length + 1)
    const modified = modifiedAt(path)
    const known = kept?.files.get(name)
    const script = new Script(
      `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'latin1')}\n})`,
      { filename: path, cachedData: known?.modified === modified ? known.code : undefined },
    )
    hasChanged ||= script.cachedDataRejected !== false && known !== undefined
    hasMore ||= known === undefined
    loaded.set(name, { modified, script })
    const run = script.runInThisContext() as (...scope: unknown[]) => void
    run.call(module.exports, module.exports, module.require.bind(module), module, path, folder)
  }

  return {
    load: (name) => require(join(folder, name)) as unknown,
    keep: (command) => {
      const before = hasChanged ? undefined : kept
      const isKnown = before?.commands.includes(command) === true
      if (isKnown && !hasMore && Date.now() - modifiedAt(file) < DAY_MS) return
      write(file, () => {
        const files = new Map(before?.files)
        for (const [name, { modified, script }] of loaded) {
          files.set(name, { modified, code: script.createCachedData() })
        }
        return { commands: [...new Set([...(before?.commands ?? []), command])], files }
      })
    },
  }
}

function modifiedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function read(file: string): Kept | undefined {
  try {
    const kept = deserialize(readFileSync(file)) as Partial<Kept> | null
    // Another gm may have written it, in a way of its own.
    return Array.isArray(kept?.commands) && kept.files instanceof Map ? (kept as Kept) : undefined
  } catch {
    return undefined
  }
}

function write(file: string, make: () => Kept): void {
  const draft = `${file}.${process.pid}`
  try {
    accessSync(dirname(file), constants.W_OK)
    // Renamed into place when it is whole and on the disk: V8 believes what it reads.
    const handle = openSync(draft, 'wx')
    try {
      writeFileSync(handle, serialize(make()))
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(draft, file)
    dropDrafts(file)
  } catch {
    rmSync(draft, { force: true })
  }
}

/** Those of commands that were killed while they wrote. */
function dropDrafts(file: string): void {
  const folder = dirname(file)
  for (const name of readdirSync(folder)) {
    const draft = join(folder, name)
    const isDraft = draft.startsWith(`${file}.`)
    if (isDraft && Date.now() - modifiedAt(draft) > MINUTE_MS) rmSync(draft, { force: true })
  }
}
