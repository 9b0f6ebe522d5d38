import TinyQueue from 'tinyqueue'
import type { GenerateOptions } from './options.ts'
import { spanOf } from './options.ts'
import type { Random } from './random.ts'
import { planSlots } from './rhythm.ts'

/** Something that happens at a moment. */
export interface Happens {
  readonly atMs: number
  /** Counts up in the order of planning; of two at one moment the lower one comes first. */
  readonly order: number
}

/**
 * Everything that visits bring, by time: exactly `events`, all within the days, in the rhythm of day and week. Holds in
 * memory the visits that have begun, and what is to come of them later.
 * @param visit all that happens in a visit that begins at a moment, given what has been planned before
 */
export function* planVisits<Happening extends Happens>(
  options: GenerateOptions,
  random: Random,
  visit: (atMs: number) => readonly Happening[],
  /** Hears of each that was planned. */
  planned: (happening: Happening) => void = () => undefined,
): Generator<Happening> {
  const { events } = options
  const { startMs, endMs } = spanOf(options)
  const ahead = new TinyQueue<Happening>([], (a, b) => a.atMs - b.atMs || a.order - b.order)
  let count = 0
  for (const slot of planSlots(startMs, options.days, events)) {
    while (count < slot.eventsByEnd) {
      const atMs = slot.startMs + Math.floor(random() * (slot.endMs - slot.startMs))
      for (const happening of visit(atMs)) {
        // The last visits are cut off by the end of the time, or of the events.
        if (happening.atMs >= endMs || count === events) continue
        ahead.push(happening)
        planned(happening)
        count += 1
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
