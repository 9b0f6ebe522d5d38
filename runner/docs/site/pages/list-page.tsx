import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount } from '../format.ts'
import { manyOf } from '../kinds.ts'
import { NodeLink } from '../parts/node-link.tsx'
import { ShowAll } from '../parts/show-all.tsx'
import { Status } from '../parts/status.tsx'
import { TestCounts } from '../parts/test-counts.tsx'

const SHOWN_AT_FIRST = 300

interface ListPageProps {
  /** A kind of nodes; empty for all. */
  readonly kind: string
  readonly query: ReadonlyMap<string, string>
}

/** Nodes of a kind, or with a tag. */
export function ListPage({ kind, query }: ListPageProps): JSX.Element {
  const { nodes } = useSite()
  const [isWhole, setWhole] = useState(false)
  const tag = query.get('tag')
  const found = nodes.filter(
    (node) =>
      (kind === '' || node.kind === kind) &&
      (tag === undefined || (node.tags ?? []).includes(tag)) &&
      node.isHidden !== true,
  )
  const sorted = found.sort((a, b) => a.name.localeCompare(b.name))
  const shown = isWhole ? sorted : sorted.slice(0, SHOWN_AT_FIRST)
  const hasRuns = found.some(
    ({ status, tests, freshness }) => (status ?? tests ?? freshness) !== undefined,
  )
  const title =
    tag === undefined ? (kind === '' ? 'Everything' : capital(manyOf(kind))) : `Tagged ${tag}`
  return (
    <>
      <h1>
        {title} <span class="count">{formatCount(found.length)}</span>
      </h1>
      {found.length === 0 ? <p class="muted">There are none.</p> : null}
      {found.length === 0 ? null : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Description</th>
                {hasRuns ? <th scope="col">Last run</th> : null}
                {hasRuns ? <th scope="col">Tests</th> : null}
              </tr>
            </thead>
            <tbody>
              {shown.map((node) => (
                <tr key={node.id}>
                  <th scope="row">
                    <NodeLink node={node} />
                    <span class="muted path">{node.relation ?? node.path}</span>
                  </th>
                  <td>{node.summary ?? ''}</td>
                  {hasRuns ? (
                    <td>
                      {node.status === undefined ? '' : <Status status={node.status} />}
                      {node.freshness === undefined ? (
                        ''
                      ) : (
                        <Status status={node.freshness.status} />
                      )}
                    </td>
                  ) : null}
                  {hasRuns ? (
                    <td>{node.tests === undefined ? '' : <TestCounts counts={node.tests} />}</td>
                  ) : null}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ShowAll
        found={found.length}
        shown={shown.length}
        onShow={() => {
          setWhole(true)
        }}
      />
    </>
  )
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
