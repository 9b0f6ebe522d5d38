import type { JSX } from 'preact'
import type { ColumnStatistics } from '../../site-data.ts'
import { formatCount, formatShare } from '../format.ts'

/** What a sample of the rows says of a column. */
export function Statistics({
  of,
}: {
  readonly of: ColumnStatistics | undefined
}): JSX.Element | null {
  if (of === undefined) return null
  const most = Math.max(1, ...(of.histogram ?? []))
  return (
    <div class="statistics">
      {of.histogram === undefined ? null : (
        <svg
          viewBox={`0 0 ${of.histogram.length * 6} 24`}
          role="img"
          aria-label={`histogram from ${of.least ?? ''} to ${of.greatest ?? ''}: ${of.histogram.join(', ')}`}
        >
          {of.histogram.map((count, i) => (
            <rect
              key={i}
              x={i * 6}
              y={24 - (24 * count) / most}
              width="5"
              height={(24 * count) / most}
            />
          ))}
        </svg>
      )}
      <span>
        {of.least === undefined ? '' : `${of.least} … ${of.greatest ?? ''} · `}
        {formatCount(of.distinct)} distinct · {formatShare(of.nullShare, 1)} null
        {of.commonest === undefined
          ? ''
          : ` · most often ${of.commonest.map(([value, count]) => `${value} (${formatShare(count, of.sampledRows)})`).join(', ')}`}
        <span class="muted"> in {formatCount(of.sampledRows)} sampled rows</span>
      </span>
    </div>
  )
}
