const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24

/** How busy each hour of a day is, UTC: quiet before dawn, busiest in the evening. */
const HOURS = [
  0.3, 0.2, 0.15, 0.12, 0.12, 0.2, 0.4, 0.7, 0.95, 1.1, 1.2, 1.3, 1.4, 1.3, 1.2, 1.2, 1.3, 1.45,
  1.7, 1.9, 2, 1.8, 1.2, 0.6,
]
/** How busy each day of a week is, Sunday first. */
const WEEKDAYS = [1.25, 0.9, 0.85, 0.9, 1, 1.1, 1.35]

/** A stretch of time, and how many events have begun by its end since the very first. */
export interface Slot {
  readonly startMs: number
  readonly endMs: number
  readonly eventsByEnd: number
}

/** Events of a slot at most, or about: what a slot begins is held in memory until it has happened. */
const SLOT_EVENTS = 5_000

/**
 * Divides events over whole days in the rhythm of day and week, in slots of an hour or less.
 * The last slot's `eventsByEnd` is `events`.
 */
export function* planSlots(startMs: number, days: number, events: number): Generator<Slot> {
  const hours = days * HOURS_A_DAY
  let whole = 0
  for (let hour = 0; hour < hours; hour++) whole += weight(startMs, hour)
  let sofar = 0
  for (let hour = 0; hour < hours; hour++) {
    const share = weight(startMs, hour) / whole
    const parts = Math.max(1, Math.ceil((share * events) / SLOT_EVENTS))
    for (let part = 0; part < parts; part++) {
      const isLast = hour === hours - 1 && part === parts - 1
      yield {
        startMs: startMs + Math.floor((hour + part / parts) * HOUR_MS),
        endMs: startMs + Math.floor((hour + (part + 1) / parts) * HOUR_MS),
        // Sums of fractions may miss the whole by one.
        eventsByEnd: isLast ? events : Math.floor((sofar + share * ((part + 1) / parts)) * events),
      }
    }
    sofar += share
  }
}

const STEADY_SLOT_MS = 1_000

/** Slots of a second without an end, all equally busy. */
export function* steadySlots(startMs: number, perSecond: number): Generator<Slot> {
  for (let i = 0; ; i++) {
    yield {
      startMs: startMs + i * STEADY_SLOT_MS,
      endMs: startMs + (i + 1) * STEADY_SLOT_MS,
      eventsByEnd: Math.floor(perSecond * (i + 1)),
    }
  }
}

function weight(startMs: number, hour: number): number {
  const time = new Date(startMs + hour * HOUR_MS)
  return (HOURS[time.getUTCHours()] ?? 1) * (WEEKDAYS[time.getUTCDay()] ?? 1)
}
