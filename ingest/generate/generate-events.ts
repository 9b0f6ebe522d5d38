import { createHash } from 'node:crypto'
import type { GenerateOptions } from './options.ts'
import { readOptions } from './options.ts'
import type { GeneratedEvent } from './send-events.ts'
import { sendEvents } from './send-events.ts'
import { GENERATED } from './systems.ts'

/**
 * A system's events in the order in which they are sent: `events` of them, and the duplicates; of a live shop those from its
 * start on, without an end. The same options give the same bytes; the same seed gives the same products and customers also
 * on other days.
 * @throws GmError GM7004 for options that cannot be used
 */
export function generateEvents(given: Partial<GenerateOptions> = {}): Iterable<GeneratedEvent> {
  const options = readOptions(given)
  const run = runOf(options)
  const system = GENERATED[options.system]
  return sendEvents(system.messages(options, run), options, system.removable)
}

/**
 * Eight characters that other happenings do not have, so that ids of two runs differ. Dirt is left out: what was
 * sent twice under other rates is the same event.
 */
function runOf({
  system,
  seed,
  events,
  start,
  days,
  users,
  products,
  mix,
  guests,
  returns,
  live,
}: GenerateOptions): string {
  const happening = JSON.stringify([
    // GlobalMart had ids before there were others, and keeps them.
    ...(system === 'globalmart' ? [] : [system]),
    seed,
    events,
    start,
    days,
    users,
    products,
    mix,
    guests,
    returns,
    ...(live === undefined ? [] : [live.startMs, live.perSecond]),
  ])
  return createHash('sha256').update(happening).digest('hex').slice(0, 8)
}
