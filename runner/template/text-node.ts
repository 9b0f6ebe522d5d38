import type { TextNode } from './syntax.ts'

/** The plain text between two offsets, with line ends as Jinja2 prints them, and the place of each of its lines. */
export function textNode(text: string, from: number, to: number): TextNode {
  const raw = text.slice(from, to)
  const value = raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw
  const lines: { offset: number; start: number }[] = []
  // A lone \r is a line end for Jinja2 but not for editors; it shifts no offset.
  let offset = 0
  let start = 0
  while (offset < value.length) {
    const end = value.indexOf('\n', offset)
    const stop = end === -1 ? value.length : end
    if (value.slice(offset, stop).trim() !== '') lines.push({ offset, start: from + start })
    start += stop - offset + 1
    if (raw[start - 1] === '\r' && raw[start] === '\n') start += 1
    offset = stop + 1
  }
  return { kind: 'text', start: from, value, lines }
}
