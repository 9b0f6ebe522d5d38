/** Waits for something to happen that may happen at any time, also while nobody waits: then the next wait ends at once. */
export class Doorbell {
  #heardAt: Date | undefined
  #open: (() => void) | undefined

  /** Ringing again before anybody has answered changes nothing: the first one counts. */
  ring(at: Date): void {
    this.#heardAt ??= at
    this.#open?.()
  }

  /** When it rang, at the latest after so many milliseconds, or when the signal aborts; undefined where it did not. */
  async next(timeoutMs: number, signal: AbortSignal): Promise<Date | undefined> {
    if (this.#heardAt === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          this.#open = undefined
          resolve()
        }
        const timer = setTimeout(done, timeoutMs)
        signal.addEventListener('abort', done)
        this.#open = done
      })
    }
    const heardAt = this.#heardAt
    this.#heardAt = undefined
    return heardAt
  }
}
