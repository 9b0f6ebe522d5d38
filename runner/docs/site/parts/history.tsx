import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { StepPage } from '../../site-data.ts'
import { formatCount, formatDuration, formatTime } from '../format.ts'
import { href } from '../route.ts'
import { Plot } from './plot.tsx'
import { Status } from './status.tsx'

interface HistoryProps {
  /** Newest first. */
  readonly steps: readonly StepPage[]
  readonly isTest: boolean
}

/** How the node's last runs went. */
export function History({ steps, isTest }: HistoryProps): JSX.Element {
  const series = useMemo(() => {
    const oldestFirst = [...steps].reverse()
    return {
      times: oldestFirst.map(({ at }) => Date.parse(at) / 1_000),
      durations: oldestFirst.map(({ durationMs }) => durationMs ?? null),
      rows: oldestFirst.map(({ rows }) => rows ?? null),
    }
  }, [steps])
  const rowsTitle = isTest ? 'Failing rows' : 'Rows written'
  return (
    <>
      {steps.length < 2 ? null : (
        <div class="columns-2">
          <Plot
            label="Duration"
            times={series.times}
            values={series.durations}
            format={formatDuration}
          />
          <Plot
            label={rowsTitle}
            times={series.times}
            values={series.rows}
            format={formatCount}
            isCount
          />
        </div>
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Result</th>
              <th scope="col">What</th>
              <th scope="col" class="figure">
                Took
              </th>
              <th scope="col" class="figure">
                {rowsTitle}
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => (
              <tr key={step.runId}>
                <th scope="row">
                  <a href={href('runs', step.runId)}>{formatTime(step.at)}</a>
                </th>
                <td>
                  <Status status={step.status} />
                </td>
                <td>
                  {step.action}
                  {step.reason === '' ? null : <span class="muted">, {step.reason}</span>}
                  {step.message === undefined ? null : <p class="message">{step.message}</p>}
                </td>
                <td class="figure">
                  {step.durationMs === undefined ? '' : formatDuration(step.durationMs)}
                </td>
                <td class="figure">{step.rows === undefined ? '' : formatCount(step.rows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
