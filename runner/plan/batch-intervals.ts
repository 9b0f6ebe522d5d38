import type { EventWindow } from '../compile/event-window.ts'
import type { BatchSize } from '../manifest/node.ts'

/** One batch: an interval of event time, half open, in UTC. */
export interface Interval {
  readonly start: Date
  readonly end: Date
}

/** The beginning of the batch that a moment lies in. */
export function batchStart(moment: Date, size: BatchSize): Date {
  const [year, month, day, hour] = [
    moment.getUTCFullYear(),
    moment.getUTCMonth(),
    moment.getUTCDate(),
    moment.getUTCHours(),
  ]
  switch (size) {
    case 'year':
      return new Date(Date.UTC(year, 0, 1))
    case 'month':
      return new Date(Date.UTC(year, month, 1))
    case 'day':
      return new Date(Date.UTC(year, month, day))
    case 'hour':
      return new Date(Date.UTC(year, month, day, hour))
  }
}

/** The beginning of the batch that is `count` after the one that begins at `start`; before it with a negative count. */
export function batchAfter(start: Date, size: BatchSize, count = 1): Date {
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()]
  switch (size) {
    case 'year':
      return new Date(Date.UTC(year + count, 0, 1))
    case 'month':
      return new Date(Date.UTC(year, month + count, 1))
    case 'day':
      return new Date(start.getTime() + count * 86_400_000)
    case 'hour':
      return new Date(start.getTime() + count * 3_600_000)
  }
}

/** How a batch is named in lines and messages: `2026-01-03`, `2026-01-03T04`, `2026-01`, `2026`. */
export function batchName(start: Date, size: BatchSize): string {
  return start.toISOString().slice(0, { year: 4, month: 7, day: 10, hour: 13 }[size])
}

/** What decides which batches a run does. */
export interface Batching {
  readonly size: BatchSize
  /** From which moment on there are batches. */
  readonly begin: Date
  /** How many batches before the newest are done again by each run. */
  readonly lookback: number
  /** The newest batch is the one that this moment lies in. */
  readonly now: Date
  /** `--event-time-start`, `--event-time-end`: these batches are done, and no others. */
  readonly range: EventWindow | undefined
  /** The model has been begun: what is to be done again counts as not done since then. */
  readonly isBegun: boolean
  /** Spans of time whose batches are done and have no reason to be done again; in order, without overlaps. */
  readonly done: readonly Interval[]
}

/** The batches to do, the oldest first. */
export function dueBatches({
  size,
  begin,
  lookback,
  now,
  range,
  isBegun,
  done,
}: Batching): Interval[] {
  const newest = batchStart(now, size)
  const first = batchStart(range?.start ?? begin, size)
  const last =
    range?.end === undefined ? newest : batchStart(new Date(range.end.getTime() - 1), size)
  const repeated = batchAfter(newest, size, -lookback)
  const due: Interval[] = []
  let position = 0
  for (let start = first; start <= last; start = batchAfter(start, size)) {
    const end = batchAfter(start, size)
    while ((done[position]?.end ?? end) < end) position += 1
    const span = done[position]
    const isDone = span !== undefined && span.start <= start && span.end >= end
    const isAsked = !isBegun && (range !== undefined || start >= repeated)
    if (isAsked || !isDone) due.push({ start, end })
  }
  return due
}
