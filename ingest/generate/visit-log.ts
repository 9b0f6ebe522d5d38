import type { Happens } from './plan-visits.ts'
import type { Random } from './random.ts'

/** An event of a visit, with the fields that its type has; the envelope is added when its text is written. */
export interface VisitEvent extends Happens {
  readonly topic: string
  readonly type: string
  readonly userId: string | null
  readonly fields: Readonly<Record<string, unknown>>
}

/** Writes down what happens in one visit while its clock goes on. */
export interface VisitLog {
  readonly events: readonly VisitEvent[]
  /** Milliseconds of Unix time. */
  now(): number
  say(topic: string, type: string, fields?: Readonly<Record<string, unknown>>): void
  /** As `say`, by another user or after so many seconds. */
  sayLater(
    seconds: number,
    topic: string,
    type: string,
    fields: Readonly<Record<string, unknown>>,
    userId?: string,
  ): void
  /** Moves the clock on by about so many seconds (most stays are short, a few are long); gives how many. */
  stay(seconds: number): number
}

export function createVisitLog(
  startMs: number,
  userId: string | null,
  random: Random,
  nextOrder: () => number,
): VisitLog {
  const events: VisitEvent[] = []
  let atMs = startMs
  const write = (
    at: number,
    topic: string,
    type: string,
    fields: Readonly<Record<string, unknown>>,
    user: string | null,
  ): void => {
    events.push({ topic, type, atMs: at, order: nextOrder(), userId: user, fields })
  }
  return {
    events,
    now: () => atMs,
    say: (topic, type, fields = {}) => {
      write(atMs, topic, type, fields, userId)
    },
    sayLater: (seconds, topic, type, fields, user) => {
      write(atMs + Math.round(seconds * 1000), topic, type, fields, user ?? userId)
    },
    stay(seconds) {
      const stayed = Math.max(1, Math.round(seconds * (0.15 + 3.4 * random() ** 3)))
      atMs += stayed * 1000
      return stayed
    },
  }
}
