import stringWidth from 'string-width'

/** The text cut to so many terminal columns, with `…` at its end when something was cut. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  if (width < 1) return ''
  let cut = ''
  let used = 0
  for (const character of text) {
    const wide = stringWidth(character)
    if (used + wide > width - 1) break
    cut += character
    used += wide
  }
  return `${cut}…`
}

/** Blanks after the text up to so many terminal columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

/** Blanks before the text up to so many terminal columns. */
export function padLeftToWidth(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - stringWidth(text))) + text
}
