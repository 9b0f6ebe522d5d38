// As much as goes to the server in one write, here and wherever else rows are copied.
const PIECE_CHARS = 64 * 1024
const NEWLINE = 10

/**
 * Gathers lines of COPY's text format as bytes. Texts that live until they are sent would be moved about by every garbage
 * collection on the way; bytes lie outside the heap.
 */
export class LinePieces {
  readonly #pieces: Buffer[] = []
  #text = ''

  /** Takes a line with its newline. */
  add(line: string): void {
    this.#text += line
    if (this.#text.length >= PIECE_CHARS) this.#cut()
  }

  /** All that was gathered, whole lines in each. */
  end(): readonly Buffer[] {
    this.#cut()
    return this.#pieces
  }

  #cut(): void {
    if (this.#text === '') return
    this.#pieces.push(Buffer.from(this.#text))
    this.#text = ''
  }
}

/** The single lines again, each with its newline: in COPY's text format no other newline stands as itself. */
export function splitLines(pieces: readonly Buffer[]): readonly Buffer[] {
  return pieces.flatMap((piece) => {
    const lines: Buffer[] = []
    for (let begin = 0; begin < piece.length; ) {
      const end = piece.indexOf(NEWLINE, begin) + 1 || piece.length
      lines.push(piece.subarray(begin, end))
      begin = end
    }
    return lines
  })
}
