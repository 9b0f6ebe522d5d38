/**
 * From bytes of UTF-8 to code points, for one text. The tree counts the former, people and PostgreSQL's messages the
 * latter. An offset inside a character means that character; one beyond the end means the end.
 */
export function byteOffsets(text: string): (byteOffset: number) => number {
  if (isAscii(text)) return (byteOffset) => Math.min(byteOffset, text.length)
  /** For each code point the byte at which it starts, and the end. */
  let starts: number[] | undefined
  return (byteOffset) => {
    starts ??= startsOf(text)
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= byteOffset) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

function startsOf(text: string): number[] {
  const starts: number[] = []
  let bytes = 0
  for (const character of text) {
    starts.push(bytes)
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  starts.push(bytes)
  return starts
}
