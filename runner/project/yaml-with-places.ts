import type { Document, Node as YamlNode } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Path, PlaceOf } from './explain-issues.ts'

/** A YAML file as plain values, and where each of them stands. */
export interface PlacedYaml {
  /** Mappings are plain objects; an empty file is null. */
  readonly value: unknown
  /** The place of a key or item; of the nearest enclosing one for a path that the file does not have. */
  readonly placeOf: PlaceOf
}

/**
 * Reads YAML 1.2 (core schema: `yes` and `no` are texts), anchors and `<<` merges included.
 * Places are computed when asked for.
 *
 * @throws GmError GM1004 syntax errors, duplicate keys, several documents in one file; all that are found.
 */
export function parseYaml(text: string, file: string): PlacedYaml {
  const doc = parseDocument(text, { prettyErrors: false, logLevel: 'silent', merge: true })
  const place = placer(text, file)
  throwAll(
    doc.errors.map(
      (error) =>
        new GmError('GM1004', plainMessage(error.message), {
          at: place(error.pos[0]),
          hint: 'Check the indentation and the quotes of this line and of the one before it.',
        }),
    ),
  )
  return {
    value: toValue(doc, place),
    placeOf: (path, part = 'key') => place(offsetOf(doc, path, part)),
  }
}

function toValue(doc: Document.Parsed, place: (offset: number) => Location): unknown {
  try {
    // The limit stops a file of a few lines whose aliases unfold to gigabytes.
    return doc.toJS({ maxAliasCount: 1000 }) as unknown
  } catch (cause) {
    // The only things thrown here are an alias without its anchor and the limit.
    const message = cause instanceof Error ? plainMessage(cause.message) : 'unusable alias'
    throw new GmError('GM1004', message, { at: place(0), cause })
  }
}

function plainMessage(message: string): string {
  const [first = message] = message.split('\n')
  return first.charAt(0).toLowerCase() + first.slice(1)
}

/** Walks to the node at a path; stops at the last one that exists. */
function offsetOf(doc: Document.Parsed, path: Path, part: 'key' | 'value'): number {
  let node = doc.contents as YamlNode | null
  let offset = node?.range?.[0] ?? 0
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(doc) ?? null
    const isLast = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (pair === undefined) return offset
      const value = pair.value as YamlNode | null
      const chosen = isLast && part === 'key' ? (pair.key as YamlNode) : (value ?? pair.key)
      offset = (chosen as YamlNode).range?.[0] ?? offset
      node = value
    } else if (isSeq(node) && typeof key === 'number') {
      node = (node.items[key] as YamlNode | undefined) ?? null
      offset = node?.range?.[0] ?? offset
    } else {
      return offset
    }
  }
  return offset
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
