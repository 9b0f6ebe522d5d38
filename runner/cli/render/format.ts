import stringWidth from 'string-width'

/** `840ms` under a second, `12.3s` under a minute, then `3m 05s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${(durationMs / 1000).toFixed(2)}s`
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)}s`
  const seconds = Math.round(durationMs / 1000)
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`
}

/** `1 row`, `2 rows`; figures stay without separators, so that they can be copied into SQL. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`
}

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
