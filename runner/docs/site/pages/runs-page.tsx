import type { JSX } from 'preact'
import type { RunSummary } from '../../site-data.ts'
import { useChunk } from '../chunks.ts'
import { formatCount, formatDuration, formatTime } from '../format.ts'
import { Loading } from '../parts/loading.tsx'
import { Status, toneOf } from '../parts/status.tsx'
import { href } from '../route.ts'

/** The runs that the ledger remembers. */
export function RunsPage(): JSX.Element {
  const { value: runs, error } = useChunk<readonly RunSummary[]>('runs')
  const longest = Math.max(1, ...(runs ?? []).map(({ durationMs }) => durationMs ?? 0))
  return (
    <>
      <h1>Runs</h1>
      {runs === undefined ? <Loading error={error} /> : null}
      {runs?.length === 0 ? (
        <p class="muted">
          No run is known: the site was written without a database, or nothing has run in it yet.
        </p>
      ) : null}
      {runs === undefined || runs.length === 0 ? null : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Started (UTC)</th>
                <th scope="col">Command</th>
                <th scope="col">Result</th>
                <th scope="col">Steps</th>
                <th scope="col">Took</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <th scope="row">
                    {run.hasSteps ? (
                      <a href={href('runs', run.id)}>{formatTime(run.startedAt)}</a>
                    ) : (
                      formatTime(run.startedAt)
                    )}
                  </th>
                  <td>
                    gm {run.command} <span class="muted">on {run.target}</span>
                  </td>
                  <td>
                    <Status status={run.status} />
                  </td>
                  <td>
                    <Steps steps={run.steps} />
                  </td>
                  <td>
                    {run.durationMs === undefined ? null : (
                      <span class="meter">
                        <span>
                          <i style={{ width: `${(100 * run.durationMs) / longest}%` }} />
                        </span>
                        {formatDuration(run.durationMs)}
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

/** Bad news first. */
const ORDER = ['error', 'fail', 'warn', 'skipped', 'cancelled', 'success', 'pass']

function Steps({ steps }: { readonly steps: Readonly<Record<string, number>> }): JSX.Element {
  const entries = Object.entries(steps).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
  return (
    <span class="counts">
      {entries.map(([status, count]) => (
        <span key={status} class={`status ${toneOf(status)}`}>
          {formatCount(count)} {status}
        </span>
      ))}
    </span>
  )
}
