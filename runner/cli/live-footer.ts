const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_BELOW = '\u001b[0J'

/** Redrawing more often than this only burns time. */
const REDRAW_MS = 100

/**
 * Keeps a few lines at the bottom of a terminal up to date while other lines scroll above them. Every write is one
 * write of the stream, so that nothing flickers. `stop` clears the lines and gives the cursor back; the process's exit does too.
 */
export class LiveFooter {
  readonly #write: (text: string) => void
  readonly #lines: () => readonly string[]
  readonly #timer: NodeJS.Timeout
  readonly #onExit: () => void
  #height = 0

  constructor(write: (text: string) => void, lines: () => readonly string[]) {
    this.#write = write
    this.#lines = lines
    this.#timer = setInterval(() => this.print(''), REDRAW_MS)
    this.#timer.unref()
    this.#onExit = () => this.#write(this.#erase() + SHOW_CURSOR)
    process.once('exit', this.#onExit)
    this.#write(HIDE_CURSOR)
  }

  /** Writes text (whole lines) above the footer. */
  print(text: string): void {
    const lines = this.#lines()
    const erase = this.#erase()
    this.#height = lines.length
    this.#write(erase + text + lines.map((line) => `${line}\n`).join(''))
  }

  stop(): void {
    clearInterval(this.#timer)
    process.removeListener('exit', this.#onExit)
    this.#write(this.#erase() + SHOW_CURSOR)
  }

  #erase(): string {
    const up = this.#height === 0 ? '' : `\u001b[${this.#height}A\r${CLEAR_BELOW}`
    this.#height = 0
    return up
  }
}
