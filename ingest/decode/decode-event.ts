import type { Fault } from '../land/fault.ts'
import { fieldKind } from '../topics/fields.ts'
import type { Topic } from '../topics/topic.ts'
import { checkJsonText, isNestedTooDeep } from './check-json-text.ts'
import { readEventTime } from './event-time.ts'

/** The typed columns of a raw row; the payload stays the text that it came as. */
export interface DecodedEvent {
  /** Null where the event brings none. */
  readonly eventId: string | null
  readonly eventType: string
  /** As COPY takes it. */
  readonly eventTime: string
}

export interface Decoder {
  /** Checks an event given as JSON text, which is what is landed. */
  fromJson(text: string): DecodedEvent | Fault
  /** Checks an event that was mapped from something else than JSON. */
  fromFields(event: Readonly<Record<string, unknown>>): DecodedEvent | Fault
}

const AHEAD_MS = 86_400_000

/** Decodes and checks the events of one topic, for a landing that began at `landedAtMs`. */
export function createDecoder(topic: Topic, landedAtMs: number): Decoder {
  const misspelt = misspeltInteger(topic)
  const latestMs = landedAtMs + AHEAD_MS

  const fromFields = (event: unknown): DecodedEvent | Fault => {
    const parsed = topic.event.safeParse(event)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      const field = issue?.path.join('.') ?? ''
      const wrong = issue?.message ?? 'not an event'
      return fault('schema_violation', field === '' ? wrong : `${field}: ${wrong}`)
    }
    const { event_id: eventId } = parsed.data
    const written = parsed.data[topic.timeField] as string
    const time = readEventTime(written)
    if (time === undefined) {
      return fault('schema_violation', `${topic.timeField}: "${written}" is not ISO 8601`)
    }
    if (time.epochMs > latestMs) {
      return fault('event_in_future', `${topic.timeField}: ${written} is over a day ahead`)
    }
    return {
      eventId: typeof eventId === 'string' ? eventId : null,
      eventType: parsed.data[topic.typeField] as string,
      eventTime: time.text,
    }
  }

  return {
    fromFields,
    fromJson(text) {
      let event: unknown
      try {
        event = JSON.parse(text)
      } catch (error) {
        return fault('bad_json', error instanceof Error ? error.message.slice(0, 200) : 'not JSON')
      }
      // The two that could not be read back from a message of zod's come first.
      if (isNestedTooDeep(event)) return fault('nested_too_deep', 'is nested over 100 levels deep')
      const unstorable = checkJsonText(text)
      if (unstorable !== undefined) return unstorable
      const wrong = misspelt.exec(text)
      if (wrong !== null) {
        return fault(
          'schema_violation',
          `${wrong[1] ?? ''}: an integer is written without "." or "e"`,
        )
      }
      return fromFields(event)
    },
  }
}

/**
 * `JSON.parse` makes no difference between 5, 5.0 and 5e0. jsonb does: it would hand `5.0` to a cast
 * to integer, which fails, and one event would stop a model.
 */
function misspeltInteger(topic: Topic): RegExp {
  const integers = Object.entries(topic.event.shape)
    .filter(([, field]) => fieldKind(field) === 'integer')
    .map(([name]) => name)
  // No name at all matches nothing.
  if (integers.length === 0) return /(?!)/
  return new RegExp(`(?<!\\\\)"(${integers.join('|')})"\\s*:\\s*-?\\d+[.eE]`)
}

function fault(reason: Fault['reason'], message: string): Fault {
  return { reason, message }
}
