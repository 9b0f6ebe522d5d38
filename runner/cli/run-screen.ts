import type { NodeId } from '../manifest/node.ts'
import type { RunEvent } from '../run/event.ts'
import type { Io } from './io.ts'
import { LiveFooter } from './live-footer.ts'
import { eventLines } from './render/event-lines.ts'
import { footerLines } from './render/footer-lines.ts'
import type { LogLevel } from './render/json-event.ts'
import { jsonEvent, levelOf, showsAt } from './render/json-event.ts'
import { styleFor } from './render/style.ts'

export interface ScreenOptions {
  readonly format: 'text' | 'json'
  readonly level: LogLevel
  /** Says of each node why it ran. */
  readonly explain?: boolean
  /** Shows what runs now below the lines; as a rule where a terminal shows lines at info. */
  readonly footer?: boolean
}

/** Shows a run's events on stdout: lines with a live footer on a terminal, plain lines elsewhere, or NDJSON. */
export class RunScreen {
  readonly #io: Io
  readonly #options: ScreenOptions
  readonly #running = new Map<NodeId, { name: string; startedMs: number }>()
  #footer: LiveFooter | undefined
  #done = 0
  #total = 0
  #startedMs = 0
  #cancelling = false

  constructor(io: Io, options: ScreenOptions) {
    this.#io = io
    this.#options = options
  }

  show(event: RunEvent): void {
    const now = this.#io.now()
    if (this.#options.format === 'json') {
      if (isPrinted(event) || showsAt(levelOf(event), this.#options.level)) {
        this.#io.out(`${this.#io.safe(jsonEvent(event, now))}\n`)
      }
      return
    }
    this.#follow(event, now)
    if (this.#isShown(event)) this.#print(this.#textOf(event, now))
    if (event.type === 'run-end') this.stop()
  }

  /** The first interrupt has come. */
  cancelling(): void {
    this.#cancelling = true
    if (this.#options.format === 'text' && this.#options.level !== 'none') {
      this.#print('Cancelling what runs in the server. Interrupt again to leave at once.\n')
    }
  }

  /** Clears the footer. Safe to call twice. */
  stop(): void {
    this.#footer?.stop()
    this.#footer = undefined
  }

  #isShown(event: RunEvent): boolean {
    // The footer says what runs: a line for each start would only push results out of sight.
    if (event.type === 'step-start' && this.#footer !== undefined) return false
    // After an interrupt, what never began is a number in the report and not a screenful.
    if (this.#cancelling && event.type === 'step-end' && event.result.index === 0) return false
    return isPrinted(event) || showsAt(levelOf(event), this.#options.level)
  }

  #textOf(event: RunEvent, now: Date): string {
    if (event.type === 'sql') return `${this.#io.safe(event.sql)}\n`
    const lines = eventLines(event, {
      width: this.#io.width(),
      style: styleFor(this.#io.colour),
      clock: clockOf(now),
      stepCount: this.#total,
      explain: this.#options.explain === true,
    })
    return this.#io.safe(lines.map((line) => `${line}\n`).join(''))
  }

  #print(text: string): void {
    if (this.#footer === undefined) this.#io.out(text)
    else this.#footer.print(text)
  }

  #follow(event: RunEvent, now: Date): void {
    if (event.type === 'run-start') {
      this.#total = event.stepCount
      this.#done = 0
      this.#startedMs = now.getTime()
      const wanted = this.#options.footer ?? showsAt('info', this.#options.level)
      if (this.#io.isTerminal && wanted) this.#startFooter()
    } else if (event.type === 'step-start') {
      this.#running.set(event.id, { name: event.name, startedMs: now.getTime() })
    } else if (event.type === 'step-end') {
      this.#running.delete(event.result.id)
      this.#done += 1
    }
  }

  #startFooter(): void {
    this.#footer = new LiveFooter(
      (text) => this.#io.out(text),
      () =>
        footerLines(
          {
            running: [...this.#running.values()],
            done: this.#done,
            total: this.#total,
            startedMs: this.#startedMs,
            nowMs: this.#io.now().getTime(),
            cancelling: this.#cancelling,
          },
          this.#io.width(),
          styleFor(this.#io.colour),
        ),
    )
  }
}

function isPrinted(event: RunEvent): boolean {
  return event.type === 'log' && event.isPrinted === true
}

/** Wall-clock time where the user sits; everything that is stored or logged is UTC. */
function clockOf(now: Date): string {
  return now.toTimeString().slice(0, 8)
}
