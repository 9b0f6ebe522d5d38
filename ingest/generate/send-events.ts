import TinyQueue from 'tinyqueue'
import type { Message } from './message.ts'
import type { GenerateOptions } from './options.ts'
import type { Random } from './random.ts'
import { createRandom, hash } from './random.ts'
import type { Flaw } from './spoil-text.ts'
import { spoilText } from './spoil-text.ts'
import type { System } from './system.ts'

/** An event on its way to the warehouse. */
export interface GeneratedEvent {
  readonly topic: string
  /** The user, by whom topics are partitioned; null for a guest. */
  readonly key: string | null
  /** One line, mostly JSON. */
  readonly text: string
  /** When it was sent; never earlier than the event before it. */
  readonly sentMs: number
  readonly flaw: Flaw | undefined
  /** Sent out of order, by seconds or by hours; undefined for the second of two. */
  readonly delay: 'disordered' | 'late' | undefined
  /** The same text was sent before. */
  readonly isDuplicate: boolean
}

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

interface Waiting {
  readonly event: GeneratedEvent
  readonly order: number
}

/**
 * Sends what happens, in order of sending, with dirt at the rates of the options: late, twice, or spoilt. Without
 * dirt that is the order of happening. Whatever is late at the end is sent behind the rest.
 */
export function* sendEvents(
  messages: Iterable<Message>,
  options: GenerateOptions,
  removable: System['removable'],
): Generator<GeneratedEvent> {
  // Numbers of its own: the same things happen whatever becomes of their events.
  const random = createRandom(hash(options.seed, 41))
  const waiting = new TinyQueue<Waiting>(
    [],
    (a, b) => a.event.sentMs - b.event.sentMs || a.order - b.order,
  )
  let order = 0
  const wait = (event: GeneratedEvent): void => {
    waiting.push({ event, order: order++ })
  }

  for (const { topic, key, atMs, text } of messages) {
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (next.event.sentMs > atMs) break
      waiting.pop()
      yield next.event
    }
    const fields = removable[topic]
    const flaw = chooseFlaw(options, random)
    const { delay, delayMs } = chooseDelay(options, random)
    const event: GeneratedEvent = {
      topic,
      key,
      text:
        flaw === undefined || fields === undefined ? text : spoilText(text, flaw, fields, random),
      sentMs: atMs + delayMs,
      flaw,
      delay,
      isDuplicate: false,
    }
    if (random() < options.duplicates) {
      const sentMs = event.sentMs + logarithmic(random, SECOND_MS, 2 * DAY_MS)
      wait({ ...event, sentMs, delay: undefined, isDuplicate: true })
    }
    if (delay === undefined) yield event
    else wait(event)
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) yield next.event
}

function chooseFlaw(
  { badJson, missingField, blankField }: GenerateOptions,
  random: Random,
): Flaw | undefined {
  const share = random()
  if (share < badJson) return 'bad_json'
  if (share < badJson + missingField) return 'missing_field'
  if (share < badJson + missingField + blankField) return 'blank_field'
  return undefined
}

function chooseDelay(
  { late, disordered }: GenerateOptions,
  random: Random,
): { delay: GeneratedEvent['delay']; delayMs: number } {
  const share = random()
  if (share < late) return { delay: 'late', delayMs: logarithmic(random, HOUR_MS, 3 * DAY_MS) }
  if (share < late + disordered) {
    return { delay: 'disordered', delayMs: logarithmic(random, SECOND_MS, 120 * SECOND_MS) }
  }
  return { delay: undefined, delayMs: 0 }
}

/** From least to most, as many between 1 and 10 as between 10 and 100. */
function logarithmic(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random())
}
