import TinyQueue from 'tinyqueue'
import type { GenerateOptions } from './options.ts'
import { OPEN_BEFORE_MS, spanOf } from './options.ts'
import type { Random } from './random.ts'
import { planSlots, steadySlots } from './rhythm.ts'

/** As long as a live shop has been open, so that its rate is as told from the beginning. */
const SOON_MS = OPEN_BEFORE_MS

/** Something that happens at a moment. */
export interface Happens {
  readonly atMs: number
  /** Counts up in the order of planning; of two at one moment the lower one comes first. */
  readonly order: number
}

/**
 * Everything that visits bring, by time: exactly `events`, all within the days, in the rhythm of day and week; of a live shop
 * so many a second, without an end. Holds in memory the visits that have begun, and what is to come of them later.
 * @param visit all that happens in a visit that begins at a moment, given what has been planned before
 */
export function* planVisits<Happening extends Happens>(
  options: GenerateOptions,
  random: Random,
  visit: (atMs: number) => readonly Happening[],
  /** Hears of each that was planned. */
  planned: (happening: Happening) => void = () => undefined,
): Generator<Happening> {
  const { live } = options
  const { startMs, endMs } = spanOf(options)
  const events = live === undefined ? options.events : Infinity
  const slots =
    live === undefined
      ? planSlots(startMs, options.days, events)
      : steadySlots(startMs, live.perSecond)
  const ahead = new TinyQueue<Happening>([], (a, b) => a.atMs - b.atMs || a.order - b.order)
  let count = 0
  for (const slot of slots) {
    while (count < slot.eventsByEnd) {
      const atMs = slot.startMs + Math.floor(random() * (slot.endMs - slot.startMs))
      for (const happening of visit(atMs)) {
        // The last visits are cut off by the end of the time, or of the events.
        if (happening.atMs >= endMs || count === events) continue
        ahead.push(happening)
        planned(happening)
        // What comes back after days is on top of a live shop's rate, which it would lower for days.
        if (live === undefined || happening.atMs < slot.endMs + SOON_MS) count += 1
      }
    }
    yield* takeBefore(ahead, slot.endMs)
  }
  yield* takeBefore(ahead, endMs)
}

function* takeBefore<Happening extends Happens>(
  queue: TinyQueue<Happening>,
  endMs: number,
): Generator<Happening> {
  for (;;) {
    const next = queue.peek()
    if (next === undefined || next.atMs >= endMs) return
    queue.pop()
    yield next
  }
}
