import type { JSX } from 'preact'
import type { RunPage as Page, RunStep, RunSummary } from '../../site-data.ts'
import { useChunk } from '../chunks.ts'
import { useSite } from '../context.ts'
import { formatCount, formatDuration, formatTime } from '../format.ts'
import { Gantt, nameOf } from '../parts/gantt.tsx'
import { Loading } from '../parts/loading.tsx'
import { NodeLink } from '../parts/node-link.tsx'
import { Status } from '../parts/status.tsx'
import { href } from '../route.ts'

const MOST_ROWS = 500

/** One run, step by step over time. */
export function RunPage({ id }: { readonly id: string }): JSX.Element {
  const runs = useChunk<readonly RunSummary[]>('runs')
  const run = runs.value?.find((one) => one.id === id)
  if (runs.value === undefined) return <Loading error={runs.error} />
  if (run === undefined) {
    return (
      <>
        <h1>Run {id}</h1>
        <p>
          It is older than those that the site keeps. <a href={href('runs')}>All runs</a>
        </p>
      </>
    )
  }
  return (
    <>
      <p class="crumbs">
        <a href={href('runs')}>Runs</a>
      </p>
      <h1>
        gm {run.command}, {formatTime(run.startedAt)}
      </h1>
      <dl class="tiles">
        <div>
          <dt>Result</dt>
          <dd>
            <Status status={run.status} />
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{run.durationMs === undefined ? 'not ended' : formatDuration(run.durationMs)}</dd>
        </div>
        {Object.entries(run.steps).map(([status, count]) => (
          <div key={status}>
            <dt>{status}</dt>
            <dd>{formatCount(count)}</dd>
          </div>
        ))}
        <div>
          <dt>Target</dt>
          <dd>{run.target}</dd>
        </div>
        <div>
          <dt>gm</dt>
          <dd>{run.version}</dd>
        </div>
      </dl>
      {run.hasSteps ? (
        <Whole id={id} />
      ) : (
        <p class="muted">The steps of this run are not kept in the site.</p>
      )}
    </>
  )
}

function Whole({ id }: { readonly id: string }): JSX.Element {
  const { value, error } = useChunk<Page>(`run-${id}`)
  if (value === undefined) return <Loading error={error} />
  const slowest = [...value.steps].sort((a, b) => rank(b) - rank(a)).slice(0, MOST_ROWS)
  return (
    <>
      <section aria-labelledby="time">
        <h2 id="time">Over time</h2>
        <Gantt steps={value.steps} />
      </section>
      <section aria-labelledby="steps">
        <h2 id="steps">Steps</h2>
        <p class="muted">Failures first, then by duration.</p>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">Result</th>
                <th scope="col">What</th>
                <th scope="col" class="figure">
                  Took
                </th>
                <th scope="col" class="figure">
                  Rows
                </th>
              </tr>
            </thead>
            <tbody>
              {slowest.map((step) => (
                <Row key={step.id} step={step} />
              ))}
            </tbody>
          </table>
        </div>
        {slowest.length < value.steps.length ? (
          <p class="muted">
            {formatCount(value.steps.length - slowest.length)} shorter steps are left out.
          </p>
        ) : null}
      </section>
    </>
  )
}

function Row({ step }: { readonly step: RunStep }): JSX.Element {
  const { byId } = useSite()
  const node = byId.get(step.id)
  return (
    <tr>
      <th scope="row">
        {node === undefined ? (
          <a href={href('node', step.id)}>{nameOf(step.id)}</a>
        ) : (
          <NodeLink node={node} />
        )}
        {step.isCritical === true ? <span class="tag">critical path</span> : null}
      </th>
      <td>
        <Status status={step.status} />
      </td>
      <td>
        {step.action}
        {step.reason === '' ? null : <span class="muted">, {step.reason}</span>}
        {step.message === undefined ? null : <p class="message">{step.message}</p>}
      </td>
      <td class="figure">{formatDuration(step.durationMs)}</td>
      <td class="figure">{step.rows === undefined ? '' : formatCount(step.rows)}</td>
    </tr>
  )
}

function rank(step: RunStep): number {
  const isBad = step.status === 'error' || step.status === 'fail'
  return step.durationMs + (isBad ? 1e12 : step.status === 'skipped' ? 1e11 : 0)
}
