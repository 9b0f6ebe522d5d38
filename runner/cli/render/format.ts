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
