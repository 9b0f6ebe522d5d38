import type { FileHandle } from 'node:fs/promises'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { GmError } from '../../runner/base/error.ts'
import { generateEvents } from './generate-events.ts'
import type { GeneratedCounts } from './generated-counts.ts'
import { countEvent, noCounts } from './generated-counts.ts'
import type { GenerateOptions } from './options.ts'
import { LISTED, readOptions, spanOf } from './options.ts'
import { GENERATED } from './systems.ts'

export interface FileOptions {
  readonly folder: string
  /** The time is divided into so many equal parts, each with a file per topic; 1 unless given. */
  readonly batches?: number | undefined
  readonly gzip?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A file that was written. */
export interface GeneratedFile {
  readonly topic: string
  /** From 1. */
  readonly batch: number
  readonly path: string
  readonly lines: number
  readonly sizeBytes: number
}

export interface GenerateResult extends Readonly<GeneratedCounts> {
  /** By batch, then in the order of the topics; a topic without events has an empty file. */
  readonly files: readonly GeneratedFile[]
  readonly durationMs: number
}

/** Characters that are gathered before they are written. */
const BLOCK = 1 << 20

/**
 * Writes the events of `generateEvents` as JSON lines, one file per topic and batch, such as
 * `transactions-topic-01.jsonl`. Files that were there are replaced. Late events and duplicates stand in the batch in
 * which they are sent, so landing the files in the order of their names is what a warehouse goes through.
 * @throws GmError GM7004 for options that cannot be used, GM7005 when the folder cannot be written. An abort throws
 * the signal's reason; files that were begun stay.
 */
export async function generateFiles(
  given: Partial<GenerateOptions>,
  { folder, batches = 1, gzip = false, signal }: FileOptions,
): Promise<GenerateResult> {
  const beganMs = performance.now()
  const options = readOptions(given)
  if (!Number.isInteger(batches) || batches < 1 || batches > 9_999) {
    throw new GmError('GM7004', `batches is a whole number from 1 to 9999, not ${batches}`, {
      hint: LISTED,
    })
  }
  const { startMs, endMs } = spanOf(options)
  const digits = Math.max(2, String(batches).length)
  const files: GeneratedFile[] = []
  const counts = noCounts()
  let batch = 0
  let begun: readonly BegunFile[] = []
  /** Ends the files of the batches before this one and begins its own. */
  const turnTo = async (next: number): Promise<void> => {
    while (batch < next) {
      for (const file of begun) files.push(await file.end())
      batch += 1
      const suffix = `${String(batch).padStart(digits, '0')}.jsonl${gzip ? '.gz' : ''}`
      begun = await Promise.all(
        GENERATED[options.system].topics.map(({ name }) =>
          beginFile({ topic: name, batch, path: join(folder, `${name}-${suffix}`), gzip }),
        ),
      )
    }
  }
  try {
    await mkdir(folder, { recursive: true })
    for (const event of generateEvents(options)) {
      const share = (event.sentMs - startMs) / (endMs - startMs)
      const due = Math.min(batches, 1 + Math.floor(share * batches))
      // Awaiting what is there already would cost a third of the speed.
      if (due > batch) await turnTo(due)
      countEvent(counts, event)
      const written = begun.find(({ topic }) => topic === event.topic)?.add(event.text)
      if (written === undefined) continue
      await written
      signal?.throwIfAborted()
    }
    await turnTo(batches)
    for (const file of begun) files.push(await file.end())
  } catch (error) {
    for (const file of begun) await file.abandon()
    throw explain(error, folder)
  }
  return { files, ...counts, durationMs: performance.now() - beganMs }
}

interface BegunFile {
  readonly topic: string
  /** Adds a line; gives a promise when a block is being written, which must be awaited. */
  add(text: string): Promise<void> | undefined
  end(): Promise<GeneratedFile>
  abandon(): Promise<void>
}

async function beginFile({
  topic,
  batch,
  path,
  gzip,
}: Pick<GeneratedFile, 'topic' | 'batch' | 'path'> & {
  readonly gzip: boolean
}): Promise<BegunFile> {
  const handle: FileHandle = await open(path, 'w')
  let block = ''
  let lines = 0
  let sizeBytes = 0
  const write = async (): Promise<void> => {
    // Gzip members one after the other are a gzip file.
    const bytes = gzip ? gzipSync(block) : Buffer.from(block)
    block = ''
    sizeBytes += bytes.length
    await handle.writeFile(bytes)
  }
  return {
    topic,
    add(text) {
      block += `${text}\n`
      lines += 1
      return block.length < BLOCK ? undefined : write()
    },
    async end() {
      if (block !== '' || (gzip && lines === 0)) await write()
      await handle.close()
      return { topic, batch, path, lines, sizeBytes }
    },
    async abandon() {
      await handle.close()
    },
  }
}

/** Errors of the file system say what could not be done, and where. */
function explain(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new GmError('GM7005', `Files cannot be written to ${folder}: ${error.message}`, {
    hint: 'Give a folder that can be made or written with --out.',
    cause: error,
  })
}
