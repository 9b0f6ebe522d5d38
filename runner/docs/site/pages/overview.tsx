import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount, formatDuration, formatShare, formatTime, plural } from '../format.ts'
import { KINDS } from '../kinds.ts'
import { Markdown } from '../parts/markdown.tsx'
import { NodeLink } from '../parts/node-link.tsx'
import { Status } from '../parts/status.tsx'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'
import { isShown } from '../site.ts'

/** What there is, whether it is well, and where to go on. */
export function Overview(): JSX.Element {
  const { index, nodes } = useSite()
  const totals = useMemo(() => totalsOf(nodes), [nodes])
  const troubled = nodes.filter(
    (node) =>
      isShown(node) && (node.status === 'error' || (node.tests?.fail ?? 0) > 0 || isStale(node)),
  )
  const watched = nodes.filter((node) => isShown(node) && node.freshness !== undefined)
  const { lastRun } = index
  const { pass, warn, fail, unknown } = index.tests
  const testCount = pass + warn + fail + unknown
  const counts = new Map([...totals.kinds, ['test', testCount]])
  return (
    <>
      <h1>{index.project}</h1>
      <Markdown html={index.overviewHtml} />
      {nodes.length === 0 ? <p class="muted">This project has no nodes yet.</p> : null}
      <ul class="cards kinds-row">
        {KINDS.filter(([kind]) => (counts.get(kind) ?? 0) > 0).map(([kind, one, many]) => (
          <li key={kind}>
            <a href={kind === 'test' ? href('tests') : href('list', kind)}>
              <strong>{formatCount(counts.get(kind) ?? 0)}</strong>
              <span>
                <span class={`kind kind-${kind}`} />
                {counts.get(kind) === 1 ? one : many}
              </span>
            </a>
          </li>
        ))}
      </ul>
      <div class="columns-2">
        <section aria-labelledby="last-run">
          <h2 id="last-run">Last run</h2>
          {lastRun === undefined ? (
            <p class="muted">
              No run is known. <code>gm build</code> makes the first.
            </p>
          ) : (
            <dl class="facts">
              <dt>Result</dt>
              <dd>
                <Status status={lastRun.status} />
              </dd>
              <dt>Command</dt>
              <dd>
                <a href={lastRun.hasSteps ? href('runs', lastRun.id) : href('runs')}>
                  gm {lastRun.command}
                </a>
              </dd>
              <dt>Started</dt>
              <dd>{formatTime(lastRun.startedAt)} UTC</dd>
              {lastRun.durationMs === undefined ? null : (
                <>
                  <dt>Took</dt>
                  <dd>{formatDuration(lastRun.durationMs)}</dd>
                </>
              )}
              <dt>Steps</dt>
              <dd>
                {Object.entries(lastRun.steps)
                  .map(([status, count]) => `${formatCount(count)} ${status}`)
                  .join(', ')}
              </dd>
            </dl>
          )}
        </section>
        <section aria-labelledby="state">
          <h2 id="state">State</h2>
          <dl class="facts">
            <dt>Tests</dt>
            <dd>
              <a href={href('tests')}>
                {testCount === 0
                  ? 'none'
                  : `${formatCount(index.tests.pass)} of ${plural(testCount, 'test')} passing`}
              </a>
            </dd>
            {watched.length === 0 ? null : (
              <>
                <dt>Sources</dt>
                <dd>
                  <a href={href('list', 'source')}>
                    {formatCount(
                      watched.filter(({ freshness }) => freshness?.status === 'pass').length,
                    )}{' '}
                    of {plural(watched.length, 'watched source')} fresh
                  </a>
                </dd>
              </>
            )}
            <dt>Described</dt>
            <dd>
              <a href={href('quality')}>
                {formatShare(totals.described, totals.describable)} of nodes,{' '}
                {formatShare(totals.describedColumns, totals.columns)} of columns
              </a>
            </dd>
            <dt>Catalog</dt>
            <dd>
              {index.hasCatalog
                ? `${plural(totals.columns, 'column')}, as the database has them`
                : 'not asked; only what the project says'}
            </dd>
          </dl>
        </section>
      </div>
      {troubled.length === 0 ? null : (
        <section aria-labelledby="trouble">
          <h2 id="trouble">Needs attention</h2>
          <ul class="plain-list">
            {troubled.slice(0, 12).map((node) => (
              <li key={node.id}>
                <NodeLink node={node} />{' '}
                {node.status === 'error' ? <Status status="error" /> : null}
                {isStale(node) ? <span class="status bad">✕ not fresh</span> : null}
                {(node.tests?.fail ?? 0) > 0 ? (
                  <span class="status bad">✕ {plural(node.tests?.fail ?? 0, 'failing test')}</span>
                ) : null}
              </li>
            ))}
          </ul>
          {troubled.length > 12 ? (
            <p>
              <a href={href('quality')}>All {formatCount(troubled.length)}</a>
            </p>
          ) : null}
        </section>
      )}
      <section aria-labelledby="ends">
        <h2 id="ends">Where data ends up</h2>
        <p class="muted">What nothing else in the project reads: reports, exports, dashboards.</p>
        <Ends nodes={nodes} />
      </section>
    </>
  )
}

const MOST_ENDS = 24

function isStale({ freshness }: SiteNode): boolean {
  return freshness !== undefined && freshness.status !== 'pass' && freshness.status !== 'warn'
}

function Ends({ nodes }: { readonly nodes: readonly SiteNode[] }): JSX.Element {
  const ends = nodes.filter(
    (node) =>
      isShown(node) &&
      (node.kind === 'exposure' || node.kind === 'model' || node.kind === 'snapshot') &&
      node.parents.length > 0 &&
      !node.children.some((child) => {
        const kind = nodes[child]?.kind
        return kind !== undefined && kind !== 'test'
      }),
  )
  return (
    <>
      <ul class="cards">
        {ends.slice(0, MOST_ENDS).map((node) => (
          <li key={node.id}>
            <a href={href('node', node.id)}>
              <b>
                <span class={`kind kind-${node.kind}`} />
                {node.name}
              </b>
              <span class="muted">{node.summary ?? node.path}</span>
            </a>
          </li>
        ))}
      </ul>
      {ends.length > MOST_ENDS ? (
        <p>
          <a href={href('lineage')}>{formatCount(ends.length - MOST_ENDS)} more in the lineage</a>
        </p>
      ) : null}
    </>
  )
}

function totalsOf(nodes: readonly SiteNode[]): {
  readonly kinds: ReadonlyMap<string, number>
  readonly describable: number
  readonly described: number
  readonly columns: number
  readonly describedColumns: number
} {
  const kinds = new Map<string, number>()
  const sums = {
    describable: 0,
    described: 0,
    columns: 0,
    describedColumns: 0,
  }
  for (const node of nodes) {
    kinds.set(node.kind, (kinds.get(node.kind) ?? 0) + 1)
    if (!isShown(node) || node.kind === 'topic') continue
    sums.describable += 1
    if (node.summary !== undefined) sums.described += 1
    sums.columns += node.columnCount
    sums.describedColumns += node.describedColumns
  }
  return { kinds, ...sums }
}
