import type { Chunk } from './landing-row.ts'

/**
 * Chunks between the reader and the one flusher, bounded by rows and bytes: a reader that is too
 * fast waits, so memory stays the same however much lies in Kafka.
 */
export class ChunkQueue {
  readonly #maxRows: number
  readonly #maxBytes: number
  #chunks: Chunk[] = []
  #rows = 0
  #bytes = 0
  #wakers: (() => void)[] = []

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows
    this.#maxBytes = maxBytes
  }

  get isFull(): boolean {
    return this.#rows >= this.#maxRows || this.#bytes >= this.#maxBytes
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  add(chunk: Chunk): void {
    this.#chunks.push(chunk)
    this.#rows += rowsOf(chunk)
    this.#bytes += chunk.sizeBytes
    this.#wake()
  }

  /** Chunks in their order, at most so many rows of them but at least one chunk; none when empty. */
  take(maxRows: number): readonly Chunk[] {
    let count = 0
    let rows = 0
    for (const chunk of this.#chunks) {
      if (count > 0 && rows + rowsOf(chunk) > maxRows) break
      rows += rowsOf(chunk)
      count += 1
      this.#bytes -= chunk.sizeBytes
    }
    this.#rows -= rows
    const taken = this.#chunks.splice(0, count)
    this.#wake()
    return taken
  }

  clear(): void {
    this.#chunks = []
    this.#rows = 0
    this.#bytes = 0
    this.#wake()
  }

  /** Waits for the next change, at most so long. */
  async change(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wakers.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }
}

function rowsOf(chunk: Chunk): number {
  return chunk.rows.length + chunk.dead.length
}
