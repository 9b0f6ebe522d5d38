const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function formatCount(count: number): string {
  return NUMBER.format(count)
}

/** `1 test`, `2 tests`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`
}

export function formatSize(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < SIZES.length - 1) {
    size /= 1000
    unit += 1
  }
  return `${size >= 10 || unit === 0 ? NUMBER.format(size) : size.toFixed(1)} ${SIZES[unit] ?? ''}`
}

export function formatDuration(ms: number): string {
  if (ms < 1) return '<1 ms'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

/** `2026-02-28 14:05` in UTC, as everywhere in gm. */
export function formatTime(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–'
  const share = (100 * part) / whole
  if (part > 0 && share < 1) return '<1 %'
  // 99.9 % of columns described is not all of them.
  return `${part < whole ? Math.min(99, Math.round(share)) : 100} %`
}
