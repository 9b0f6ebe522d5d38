import type { Event } from 'js-yaml'
import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  getScalarValue,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
} from 'js-yaml'
import { withoutByteOrderMark } from '../base/byte-order-mark.ts'
import type { Location } from '../base/location.ts'
import { parseCarefully } from './careful-yaml.ts'
import type { Path } from './explain-issues.ts'
import type { PlacedYaml } from './placed-yaml.ts'

const SCHEMA = CORE_SCHEMA.withTags(mergeTag)

/**
 * Reads YAML 1.2 (core schema: `yes` and `no` are texts), anchors and `<<` merges included.
 * Places are computed when asked for.
 *
 * @throws GmError GM1004 syntax errors, duplicate keys, several documents in one file; all that are found.
 */
export function parseYaml(content: string, file: string): PlacedYaml {
  const text = withoutByteOrderMark(content)
  const place = placer(text, file)
  const read = readFast(text)
  if (read === undefined) return parseCarefully(text, place)
  const { value, events } = read
  let index: EventIndex | undefined
  return {
    value,
    placeOf: (path, part = 'key') => {
      index ??= { text, events, ends: endsOf(events) }
      return place(offsetOf(index, path, part))
    },
  }
}

/**
 * A file without mistakes and aliases, which nearly all are, in a fifth of the time. What it refuses is read again by the
 * reader that finds all mistakes of a file and has better words for them.
 */
function readFast(text: string): { value: unknown; events: readonly Event[] } | undefined {
  try {
    const events = parseEvents(text, {})
    // Aliases may unfold to gigabytes.
    if (events.some(({ type }) => type === EVENT_ID.ALIAS)) return undefined
    const documents = constructFromEvents(events, { source: text, schema: SCHEMA })
    if (documents.length > 1) return undefined
    return { value: documents[0] ?? null, events }
  } catch {
    return undefined
  }
}

interface EventIndex {
  readonly text: string
  readonly events: readonly Event[]
  /** For each event the number of the one that comes after it and all that it holds. */
  readonly ends: Uint32Array
}

function endsOf(events: readonly Event[]): Uint32Array {
  const ends = new Uint32Array(events.length)
  const open: number[] = []
  for (const [i, { type }] of events.entries()) {
    ends[i] = i + 1
    if (type === EVENT_ID.POP) ends[open.pop() ?? i] = i + 1
    else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) open.push(i)
  }
  return ends
}

/** Walks to the value at a path; stops at the last one that exists. */
function offsetOf({ text, events, ends }: EventIndex, path: Path, part: 'key' | 'value'): number {
  // The first event is the document's.
  let at = 1
  let offset = startOf(text, events, at, 0)
  for (const [depth, key] of path.entries()) {
    const event = events[at]
    const isMapping = event?.type === EVENT_ID.MAPPING
    if (!isMapping && !(event?.type === EVENT_ID.SEQUENCE && typeof key === 'number')) return offset
    let item = at + 1
    for (let number = 0; ; number++) {
      const found = events[item]
      if (found === undefined || found.type === EVENT_ID.POP) return offset
      if (
        isMapping
          ? found.type === EVENT_ID.SCALAR && getScalarValue(text, found) === key
          : number === key
      )
        break
      item = ends[item] ?? events.length
      if (isMapping) item = ends[item] ?? events.length
    }
    const keyOffset = startOf(text, events, item, offset)
    at = isMapping ? (ends[item] ?? events.length) : item
    const isKey = isMapping && depth === path.length - 1 && part === 'key'
    offset = isKey ? keyOffset : startOf(text, events, at, keyOffset)
  }
  return offset
}

/** Where a value begins, its quotes or the sign of its block included; an empty one has no place of its own. */
function startOf(text: string, events: readonly Event[], at: number, otherwise: number): number {
  const event = events[at]
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start
  if (event?.type !== EVENT_ID.SCALAR || event.valueStart < 0) return otherwise
  const { style, valueStart } = event
  if (style === SCALAR_STYLE.PLAIN) return valueStart
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED)
    return valueStart - 1
  // `key: |-  # a comment`, on the line above the text, behind a key that may hold the same characters.
  const before = events[at - 1]
  const keyEnd = before?.type === EVENT_ID.SCALAR ? before.valueEnd : 0
  const from = Math.max(text.lastIndexOf('\n', valueStart - 2) + 1, keyEnd)
  const sign = text.slice(from, valueStart).search(/[|>][-+\d]*[ \t]*(?:#.*)?\r?\n?$/)
  return sign === -1 ? valueStart : from + sign
}

/** Offsets to places with an index of the lines that is built once, when the first place is asked for. */
function placer(text: string, file: string): (offset: number) => Location {
  let starts: readonly number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const before = text.slice(starts[low] ?? 0, offset)
    return { file, line: low + 1, column: Array.from(before).length + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return starts
}
