import type { JSX } from 'preact'
import type { RunStep } from '../../site-data.ts'
import { useSite } from '../context.ts'
import { formatDuration } from '../format.ts'
import { href } from '../route.ts'
import { toneOf } from './status.tsx'

const LANE = 24
const WIDTH = 1_000
const HEAD = 20
const MOST_BARS = 1_500
/** Pixels of a letter, roughly, at the drawing's full width. */
const LETTER = 6.6

/** Steps as bars over time, one row for each slot; what decided how long the run took is outlined. */
export function Gantt({ steps }: { readonly steps: readonly RunStep[] }): JSX.Element {
  const { byId } = useSite()
  const started = steps.filter((step) => step.startMs !== undefined)
  const end = Math.max(1, ...started.map((step) => (step.startMs ?? 0) + step.durationMs))
  const lanes = Math.max(1, ...started.map(({ lane }) => lane + 1))
  const shown = [...started].sort((a, b) => b.durationMs - a.durationMs).slice(0, MOST_BARS)
  const x = (ms: number): number => (ms / end) * WIDTH
  const critical = started.filter(({ isCritical }) => isCritical === true)
  const ticks = ticksOf(end)
  if (started.length === 0) return <p class="muted">No step of this run has started.</p>
  return (
    <>
      <div class="scroll">
        <svg
          class="gantt"
          viewBox={`0 0 ${WIDTH} ${HEAD + lanes * LANE + 4}`}
          role="group"
          aria-label="Steps over time"
        >
          {ticks.map((ms) => (
            <g key={ms}>
              <line x1={x(ms)} x2={x(ms)} y1={HEAD - 4} y2={HEAD + lanes * LANE} />
              <text x={x(ms) + 3} y={HEAD - 8}>
                {ms === 0 ? '0' : formatDuration(ms)}
              </text>
            </g>
          ))}
          {shown.map((step) => {
            const node = byId.get(step.id)
            const name = node?.name ?? nameOf(step.id)
            const width = Math.max(1, x(step.durationMs) - 1)
            const label = `${name}, ${step.action}, ${step.status}, ${formatDuration(step.durationMs)}`
            const letters = Math.floor((width - 8) / LETTER)
            const left = x(step.startMs ?? 0)
            const top = HEAD + step.lane * LANE
            return (
              <a
                key={step.id}
                href={href('node', step.id)}
                aria-label={label}
                class={`bar-of ${toneOf(step.status)}${step.isCritical === true ? ' critical' : ''}`}
              >
                <title>{label}</title>
                <rect x={left} y={top} width={width} height={LANE - 4} rx="3" />
                {/* Whole or not at all: whoever speaks a link by what is seen of it must find its name. */}
                {letters < name.length ? null : (
                  <text aria-hidden="true" x={left + 5} y={top + LANE / 2 + 2}>
                    {name}
                  </text>
                )}
              </a>
            )
          })}
        </svg>
      </div>
      {shown.length < started.length ? (
        <p class="muted">The {MOST_BARS} longest steps are drawn.</p>
      ) : null}
      <p>
        <span class="muted">Critical path: </span>
        {critical.map((step, i) => (
          <>
            {i === 0 ? null : <span class="muted"> → </span>}
            <a href={href('node', step.id)}>{byId.get(step.id)?.name ?? nameOf(step.id)}</a>{' '}
            <span class="muted">{formatDuration(step.durationMs)}</span>
          </>
        ))}
      </p>
    </>
  )
}

/** Of a test from YAML: `test.shop.not_null_orders_id.1a2b3c4d5e`. */
export function nameOf(id: string): string {
  return id.split('.')[2] ?? id
}

/** At most eight round figures. */
function ticksOf(end: number): readonly number[] {
  const least = end / 8
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least) ?? least
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step)
}
