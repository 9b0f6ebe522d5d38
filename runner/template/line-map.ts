import type { Location } from '../base/location.ts'
import type { LineMap, LineMapSegment } from './template.ts'
import type { Mark, MarkSource, PrintedAt } from './values.ts'

/** A line map over segments in ascending order of offset, such as those of a cached node. */
export function lineMap(segments: readonly LineMapSegment[]): LineMap {
  return {
    segments,
    locate: (offset) => locateIn(segments, offset),
    callersOf: (offset) => segmentAt(segments, offset)?.calledFrom ?? [],
  }
}

/** The segments are worked out when first asked for: most renders are never asked. */
export function lineMapOf(text: string, marks: readonly Mark[]): LineMap {
  return lateLineMap(() => lineMap(segmentsOf(text, marks)))
}

/** A line map that is made when it is first asked something. */
export function lateLineMap(make: () => LineMap): LineMap {
  return new LateLineMap(make)
}

/** A class: V8 makes a hidden class for each object that is written with a getter of its own (docs/adr/0014). */
class LateLineMap implements LineMap {
  readonly #make: () => LineMap
  #made: LineMap | undefined

  constructor(make: () => LineMap) {
    this.#make = make
  }

  get #map(): LineMap {
    return (this.#made ??= this.#make())
  }

  get segments(): readonly LineMapSegment[] {
    return this.#map.segments
  }

  locate(offset: number): Location | undefined {
    return this.#map.locate(offset)
  }

  callersOf(offset: number): readonly Location[] {
    return this.#map.callersOf(offset)
  }
}

function locateIn(segments: readonly LineMapSegment[], offset: number): Location | undefined {
  const segment = segmentAt(segments, offset)
  if (segment === undefined) return undefined
  const { at } = segment
  if (segment.isText !== true || offset <= segment.offset) return at
  return { ...at, column: at.column + offset - segment.offset }
}

/** The segment that covers an offset. */
function segmentAt(
  segments: readonly LineMapSegment[],
  offset: number,
): LineMapSegment | undefined {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((segments[middle]?.offset ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  // Text before the first segment is blank; the first is the nearest place there is.
  return segments[Math.max(0, low - 1)]
}

const SURROGATES = /[\ud800-\udbff][\udc00-\udfff]/g

/** Marks count UTF-16 units of `text`; segments count code points, as PostgreSQL does. */
function segmentsOf(text: string, marks: readonly Mark[]): LineMapSegment[] {
  const pairs = [...text.matchAll(SURROGATES)].map((match) => match.index)
  const locators = new Map<MarkSource, (offset: number) => Location>()
  const place = (source: MarkSource, start: number): Location => {
    let locate = locators.get(source)
    if (locate === undefined) {
      locate = locator(source)
      locators.set(source, locate)
    }
    return locate(start)
  }
  const callers = new Map<PrintedAt, readonly Location[]>()
  const callersOf = (printedAt: PrintedAt): readonly Location[] => {
    let known = callers.get(printedAt)
    if (known === undefined) {
      const inner = printedAt.inner === undefined ? [] : callersOf(printedAt.inner)
      known = [...inner, place(printedAt.source, printedAt.start)]
      callers.set(printedAt, known)
    }
    return known
  }
  const segments: LineMapSegment[] = []
  let passed = 0
  for (const { offset, source, start, isText, printedAt } of marks) {
    while (passed < pairs.length && (pairs[passed] ?? 0) < offset) passed += 1
    const segment = {
      offset: offset - passed,
      at: place(source, start),
      ...(printedAt === undefined ? {} : { calledFrom: callersOf(printedAt) }),
    }
    // What printed nothing is followed by a mark at the same offset, which is the one that counts.
    if (segments.at(-1)?.offset === segment.offset) segments.pop()
    segments.push(isText ? { ...segment, isText: true } : segment)
  }
  return segments
}

/** Like locationAt, for many places in one text. */
function locator({ file, text }: MarkSource): (offset: number) => Location {
  const starts = [0]
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    const lineStart = starts[low - 1] ?? 0
    const before = text.slice(lineStart, offset)
    return { file, line: low, column: before.length - (before.match(SURROGATES)?.length ?? 0) + 1 }
  }
}
