import { textWidth } from './text-width.ts'

/** The text cut to so many terminal columns, with `…` at its end when something was cut. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  if (width < 1) return ''
  let cut = ''
  let used = 0
  // By what is seen as one character: an emoji may consist of several, and half of one is another picture.
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const wide = textWidth(segment)
    if (used + wide > width - 1) break
    cut += segment
    used += wide
  }
  return `${cut}…`
}

/** The terminal columns that the widest of the texts takes; 0 for none. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, textWidth(text)), 0)
}

/** Blanks after the text up to so many terminal columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** Blanks before the text up to so many terminal columns. */
export function padLeftToWidth(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text
}
