import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { ClientConfig } from 'pg'
import { Client } from 'pg'
import { GmError } from '../../runner/base/error.ts'
import { LANDING_CHANNEL } from '../../runner/base/landing-channel.ts'
import { createDecoder } from '../decode/decode-event.ts'
import type { LandingWay } from '../land/batch-lander.ts'
import { BatchLander } from '../land/batch-lander.ts'
import { beginLanding } from '../land/begin-landing.ts'
import { isDataError } from '../land/is-data-error.ts'
import { prepareLanding } from '../land/prepare-landing.ts'
import type { MappingFile } from '../mapping/mapping-schema.ts'
import { readMapping } from '../mapping/read-mapping.ts'
import { findTopic } from '../topics/registry.ts'
import type { Topic } from '../topics/topic.ts'
import { hashContent, openContent } from './open-content.ts'
import { readLines } from './read-lines.ts'
import { readCsv, readJsonLines } from './read-records.ts'

/** Records between two calls of `onProgress`. */
const PROGRESS_LINES = 10_000

export interface LandFileOptions {
  readonly connection: ClientConfig
  /** Name of a topic, such as `transactions-topic`. */
  readonly topic: string
  /** A file ending in .csv, .jsonl or .ndjson, each also with .gz behind it. */
  readonly path: string
  /** Path of a mapping file; without one the columns of CSV are named after the topic's fields. */
  readonly mapping?: string | undefined
  readonly onProgress?: ((progress: LandFileProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LandFileProgress {
  /** Records so far, landed or not; they are not committed before the end. */
  readonly lines: number
  readonly events: number
  readonly deadLetters: number
}

export interface LandFileResult extends LandFileProgress {
  readonly topic: string
  /** Such as `raw.transactions`. */
  readonly table: string
  readonly fileName: string
  /** SHA-256 of the uncompressed content. */
  readonly fileHash: string
  /** `already-landed`: the topic has this content; nothing was added, and the counts are from then. */
  readonly status: 'landed' | 'already-landed'
  readonly durationMs: number
}

/**
 * Lands one file in one transaction: all its events and dead letters, or nothing. Content that the
 * topic already has adds nothing, whatever the file is called, also when two land it at once.
 * An empty file, or one with a header only, lands no events and is remembered.
 * @throws GmError GM7001 unknown topic, GM7002 unusable mapping, GM7003 unusable file. Errors of the
 * database come as `pg` throws them; an abort throws the signal's reason.
 */
export async function landFile(options: LandFileOptions): Promise<LandFileResult> {
  const startMs = performance.now()
  const { path, signal } = options
  const topic = findTopic(options.topic)
  const format = formatOf(path)
  const mapping = options.mapping === undefined ? undefined : await readMapping(options.mapping)
  if (mapping !== undefined && mapping.topic !== topic.name) {
    throw new GmError('GM7002', `The mapping is for ${mapping.topic}, not for ${topic.name}.`, {
      at: { file: options.mapping ?? '', line: 1, column: 1 },
      hint: `Land the file under ${mapping.topic}, or give another mapping.`,
    })
  }
  const fileHash = await hashContent(path, signal)
  const fileName = basename(path)
  const result = { topic: topic.name, table: `raw.${topic.table}`, fileName, fileHash }

  const client = new Client({ application_name: 'gm ingest', ...options.connection })
  // A connection that breaks fails the query that waits for it; nobody else has to hear of it.
  client.on('error', () => undefined)
  await client.connect()
  const stopCancelling = cancelOnAbort(client, options.connection, signal)
  try {
    await prepareLanding(client)
    const source = { topic, mapping, format, path, fileName, fileHash }
    const watch = { onProgress: options.onProgress, signal }
    const landed = await landContent(client, source, 'hopeful', watch).catch((error: unknown) => {
      // A row that passed our checks and not the server's: find it, and land the others.
      if (isDataError(error)) return landContent(client, source, 'careful', watch)
      throw error
    })
    return { ...result, ...landed, durationMs: performance.now() - startMs }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    stopCancelling()
    // Ending the connection rolls back what was not committed.
    await client.end().catch(() => undefined)
  }
}

interface Source {
  readonly topic: Topic
  readonly mapping: MappingFile | undefined
  readonly format: 'csv' | 'jsonl'
  readonly path: string
  readonly fileName: string
  readonly fileHash: string
}

type Watch = Pick<LandFileOptions, 'onProgress' | 'signal'>

/** One try at the transaction; rolls back whatever is thrown. */
async function landContent(
  client: Client,
  source: Source,
  way: LandingWay,
  { onProgress, signal }: Watch,
): Promise<LandFileProgress & Pick<LandFileResult, 'status'>> {
  const { topic, mapping, path, fileName, fileHash } = source
  const landing = await beginLanding(client, [topic])
  const lander = new BatchLander(
    client,
    { partition: landing.partitionOf(topic), topic: topic.name, fileName, fileHash },
    way,
  )
  try {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `gm landing ${topic.name} ${fileHash}`,
    ])
    const before = await findLanded(client, topic, fileHash)
    if (before !== undefined) {
      await client.query('rollback')
      return { ...before, status: 'already-landed' }
    }
    const hash = createHash('sha256')
    const blocks = readLines(hashing(openContent(path, signal), hash))
    const decoder = createDecoder(topic, landing.landedAtMs)
    const records =
      source.format === 'csv'
        ? readCsv(blocks, decoder, { topic, mapping, file: path })
        : readJsonLines(blocks, decoder)
    const counts = { lines: 0, events: 0, deadLetters: 0 }
    let told = 0
    for await (const { rows, dead } of records) {
      signal?.throwIfAborted()
      await lander.add(rows, dead)
      counts.lines += rows.length + dead.length
      counts.events += rows.length
      counts.deadLetters += dead.length
      if (counts.lines - told < PROGRESS_LINES) continue
      told = counts.lines
      onProgress?.({ ...counts })
    }
    await lander.flush()
    if (hash.digest('hex') !== fileHash) throw changedWhileRead(path)
    const { landed: events, deadLetters } = lander
    const lines = events + deadLetters
    await client.query(
      `insert into raw.landed_files (topic, file_hash, file_name, lines, events, dead_letters)
       values ($1, $2, $3, $4, $5, $6)`,
      [topic.name, fileHash, fileName, lines, events, deadLetters],
    )
    signal?.throwIfAborted()
    await client.query(`notify ${LANDING_CHANNEL}; commit`)
    return { lines, events, deadLetters, status: 'landed' }
  } catch (error) {
    await lander.abort()
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

function formatOf(path: string): 'csv' | 'jsonl' {
  const extension = /\.(csv|jsonl|ndjson)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === undefined) {
    throw new GmError('GM7003', `${path} is of no kind that can be landed.`, {
      hint: 'Its name has to end in .csv, .jsonl or .ndjson, each also with .gz behind it.',
    })
  }
  return extension === 'csv' ? 'csv' : 'jsonl'
}

async function findLanded(
  client: Client,
  topic: Topic,
  fileHash: string,
): Promise<LandFileProgress | undefined> {
  const { rows } = await client.query<Record<'lines' | 'events' | 'dead_letters', string>>(
    'select lines, events, dead_letters from raw.landed_files where topic = $1 and file_hash = $2',
    [topic.name, fileHash],
  )
  const [row] = rows
  if (row === undefined) return undefined
  return {
    lines: Number(row.lines),
    events: Number(row.events),
    deadLetters: Number(row.dead_letters),
  }
}

async function* hashing(
  chunks: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

function changedWhileRead(path: string): GmError {
  return new GmError('GM7003', `${path} changed while it was read; nothing of it was landed.`, {
    hint: 'Land it again when whoever writes it has finished.',
  })
}

/**
 * Cancels what the server does for `client` when the signal fires, also while it waits for a lock.
 * Gives a function that stops listening.
 */
function cancelOnAbort(
  client: Client,
  connection: ClientConfig,
  signal: AbortSignal | undefined,
): () => void {
  // pg knows the backend's process id and does not declare it.
  const { processID } = client as Client & { readonly processID: number | null }
  const onAbort = (): void => {
    const canceller = new Client({ ...connection, application_name: 'gm ingest cancel' })
    canceller.on('error', () => undefined)
    void canceller
      .connect()
      .then(() => canceller.query('select pg_cancel_backend($1)', [processID]))
      .catch(() => undefined)
      .finally(() => void canceller.end().catch(() => undefined))
  }
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort)
  return () => signal?.removeEventListener('abort', onAbort)
}
