import type { JSX } from 'preact'

const TONES: Readonly<Record<string, string>> = {
  success: 'good',
  pass: 'good',
  warn: 'middling',
  fail: 'bad',
  error: 'bad',
  'runtime error': 'bad',
  failed: 'bad',
  skipped: 'quiet',
  cancelled: 'quiet',
  interrupted: 'middling',
  running: 'quiet',
}

const SIGNS: Readonly<Record<string, string>> = { good: '✓', middling: '!', bad: '✕', quiet: '–' }

export function toneOf(status: string): string {
  return TONES[status] ?? 'quiet'
}

/** A status as a word with a sign: never by colour alone. */
export function Status({ status }: { readonly status: string }): JSX.Element {
  const tone = toneOf(status)
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true">{SIGNS[tone]}</span> {status}
    </span>
  )
}

/** Statuses of the last runs as small squares, oldest first. */
export function StatusTrail({ statuses }: { readonly statuses: readonly string[] }): JSX.Element {
  const oldestFirst = [...statuses].reverse()
  return (
    <span
      class="trail"
      role="img"
      aria-label={`last runs, oldest first: ${oldestFirst.join(', ')}`}
    >
      {oldestFirst.map((status, i) => (
        <i key={i} class={toneOf(status)} title={status} />
      ))}
    </span>
  )
}
