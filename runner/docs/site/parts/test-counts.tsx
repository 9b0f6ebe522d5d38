import type { JSX } from 'preact'
import type { TestCounts as Counts } from '../../site-data.ts'
import { formatCount } from '../format.ts'

/** `12 pass · 1 fail`, without what is nought. */
export function TestCounts({ counts }: { readonly counts: Counts | undefined }): JSX.Element {
  if (counts === undefined) return <span class="muted">none</span>
  const parts = [
    [counts.fail, 'fail', 'bad', '✕'],
    [counts.warn, 'warn', 'middling', '!'],
    [counts.pass, 'pass', 'good', '✓'],
    [counts.unknown, 'not run', 'quiet', '–'],
  ] as const
  return (
    <span class="counts">
      {parts
        .filter(([count]) => count > 0)
        .map(([count, word, tone, sign]) => (
          <span key={word} class={`status ${tone}`}>
            <span aria-hidden="true">{sign}</span> {formatCount(count)} {word}
          </span>
        ))}
    </span>
  )
}
