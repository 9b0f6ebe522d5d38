import { once } from 'node:events'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { copyText } from './copy-text.ts'
import type { DeadLetter } from './fault.ts'
import { isDataError } from './is-data-error.ts'

/** An event that passed every check of ours. */
export interface RawRow {
  readonly line: number
  /** The record as it came, for the dead letter that it may still become. */
  readonly text: string
  readonly eventId: string
  readonly eventType: string
  readonly eventTime: string
  /** JSON text. */
  readonly payload: string
}

export type LandingWay = 'hopeful' | 'careful'

/** Where rows go: columns that are the same for all of them, and the partition's quoted name. */
export interface BatchTarget {
  readonly topic: string
  readonly partition: string
  readonly fileName: string
  readonly fileHash: string
}

// 64 KB a write; other sizes were not compared here.
const CHUNK_CHARS = 64 * 1024
// What is held to be sent again, row by row, when the server refuses one.
const BATCH_ROWS = 4_000
const BATCH_CHARS = 2 * 1024 * 1024

/**
 * Lands rows by COPY inside the caller's transaction. The server works on what was sent while the
 * next rows are made. It should never refuse one, since every row was checked; so there are two ways:
 *
 * - `hopeful` sends everything with one COPY and keeps nothing. When the server refuses the data of
 *   a row (see `isDataError`), `add` or `flush` throws, and the caller starts again with the other.
 * - `careful` keeps a batch of rows behind a savepoint. When the server refuses one, the batch is
 *   halved until that row stands alone, and only that row becomes a dead letter. Measured on a
 *   busy machine, not side by side: 0.3 to 0.6 of the speed of psql's \copy, `hopeful` 0.9. Likely
 *   for the round trips, three a batch.
 */
export class BatchLander {
  readonly #client: ClientBase
  readonly #way: LandingWay
  readonly #copy: string
  readonly #prefix: string
  readonly #target: BatchTarget
  #stream: ReturnType<typeof copyFrom> | undefined
  #done: Promise<unknown> = Promise.resolve()
  /** The server ended the COPY with an error: the stream has lost its connection and takes no more. */
  #isRefused = false
  #rows: RawRow[] = []
  #sent = 0
  #chars = 0
  #text = ''
  #dead: DeadLetter[] = []
  #deadBytes = 0
  #hasSavepoint = false
  /** Rows that are in the table, of the batches that are finished. */
  landed = 0
  deadLetters = 0

  constructor(client: ClientBase, target: BatchTarget, way: LandingWay) {
    this.#client = client
    this.#way = way
    this.#target = target
    this.#copy =
      `copy ${target.partition} ` +
      '(topic, file_name, file_hash, line, event_id, event_type, event_time, payload) from stdin'
    this.#prefix = `${[target.topic, target.fileName, target.fileHash].map(copyText).join('\t')}\t`
  }

  /** Takes rows and dead letters in any order; waits while the server has enough to do. */
  async add(rows: readonly RawRow[], dead: readonly DeadLetter[]): Promise<void> {
    for (const letter of dead) {
      this.#dead.push(letter)
      this.#deadBytes += letter.rawBytes.length
    }
    for (const row of rows) {
      if (this.#stream === undefined) await this.#open()
      this.#sent += 1
      this.#text += this.#encode(row)
      if (this.#text.length >= CHUNK_CHARS) await this.#send()
      if (this.#way === 'hopeful') continue
      this.#rows.push(row)
      this.#chars += row.text.length + row.payload.length
      if (this.#rows.length >= BATCH_ROWS || this.#chars >= BATCH_CHARS) await this.flush()
    }
    if (this.#dead.length >= BATCH_ROWS || this.#deadBytes >= BATCH_CHARS) await this.flush()
  }

  /** Finishes the batch: after this, every row taken is in the table or a dead letter. */
  async flush(): Promise<void> {
    if (this.#stream !== undefined) {
      const rows = this.#rows
      try {
        await this.#finish()
        this.landed += this.#sent
      } catch (error) {
        if (this.#way === 'hopeful') throw error
        await this.#backOut(error)
        await this.#halve(rows, error)
      }
      this.#stream = undefined
      this.#rows = []
      this.#chars = 0
      this.#sent = 0
    }
    await this.#storeDeadLetters()
  }

  /** Gives up what is under way, so that the client can roll back. */
  async abort(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    if (stream === undefined || this.#isRefused) return
    stream.destroy(new Error('landing was given up'))
    await this.#done.catch(() => undefined)
  }

  async #open(): Promise<void> {
    if (this.#way === 'careful') {
      const release = this.#hasSavepoint ? 'release savepoint batch; ' : ''
      await this.#client.query(`${release}savepoint batch`)
      this.#hasSavepoint = true
    }
    const stream = this.#client.query(copyFrom(this.#copy))
    this.#stream = stream
    this.#done = once(stream, 'finish')
    this.#isRefused = false
    // The server may refuse while rows are still being made; whoever waits next gets the error.
    this.#done.catch(() => undefined)
    stream.on('error', () => {
      this.#isRefused = true
    })
  }

  /** Waits until the socket has taken the text: pg-copy-streams throws where an error of the server
   * meets a write that is still under way. */
  async #send(): Promise<void> {
    const text = this.#text
    this.#text = ''
    const stream = this.#stream
    if (stream === undefined) return
    if (this.#isRefused) {
      // The careful way hears of it when it ends the batch.
      if (this.#way === 'hopeful') await this.#done
      return
    }
    const taken = new Promise((resolve) => stream.write(Buffer.from(text), resolve))
    await Promise.race([taken, this.#done]).catch(() => undefined)
  }

  async #finish(): Promise<void> {
    await this.#send()
    if (!this.#isRefused) this.#stream?.end()
    await this.#done
  }

  #encode(row: RawRow): string {
    return (
      `${this.#prefix}${row.line}\t${copyText(row.eventId)}\t${copyText(row.eventType)}\t` +
      `${row.eventTime}\t${copyText(row.payload)}\n`
    )
  }

  async #backOut(error: unknown): Promise<void> {
    this.#text = ''
    if (!isDataError(error)) throw error
    await this.#client.query('rollback to savepoint batch')
  }

  async #halve(rows: readonly RawRow[], error: unknown): Promise<void> {
    const [only] = rows
    if (rows.length === 1 && only !== undefined) {
      const message = error instanceof Error ? error.message : 'refused'
      const rawBytes = Buffer.from(only.text)
      this.#dead.push({ line: only.line, reason: 'refused_by_database', message, rawBytes })
      return
    }
    const middle = rows.length >> 1
    for (const half of [rows.slice(0, middle), rows.slice(middle)]) {
      try {
        await this.#open()
        for (const row of half) {
          this.#text += this.#encode(row)
          if (this.#text.length >= CHUNK_CHARS) await this.#send()
        }
        await this.#finish()
        this.landed += half.length
      } catch (refusal) {
        await this.#backOut(refusal)
        await this.#halve(half, refusal)
      }
    }
  }

  async #storeDeadLetters(): Promise<void> {
    const dead = this.#dead
    if (dead.length === 0) return
    this.#dead = []
    this.#deadBytes = 0
    this.deadLetters += dead.length
    await this.#client.query(
      `insert into raw.dead_letters
         (topic, file_name, file_hash, line, raw_bytes, reason, message)
       select $1, $2, $3, line, raw_bytes, reason, message
       from unnest($4::bigint[], $5::bytea[], $6::text[], $7::text[])
         as letter (line, raw_bytes, reason, message)`,
      [
        this.#target.topic,
        this.#target.fileName,
        this.#target.fileHash,
        dead.map(({ line }) => line),
        dead.map(({ rawBytes }) => rawBytes),
        dead.map(({ reason }) => reason),
        // A message may quote the record; what PostgreSQL's text cannot hold is replaced.
        dead.map(({ message }) => message.replaceAll('\0', '\uFFFD').slice(0, 1000)),
      ],
    )
  }
}
