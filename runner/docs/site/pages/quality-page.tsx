import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount, formatShare } from '../format.ts'
import { NodeLink } from '../parts/node-link.tsx'
import { ShowAll } from '../parts/show-all.tsx'
import { Status } from '../parts/status.tsx'
import { TestCounts } from '../parts/test-counts.tsx'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'
import { isShown } from '../site.ts'

const SHOWN_AT_FIRST = 300

/** What may be missing, and of which nodes. */
const LACKS: readonly [Lack, ...Lack[]] = [
  ['all', () => true],
  ['failing', ({ tests, status }) => (tests?.fail ?? 0) > 0 || status === 'error'],
  ['not tested', ({ tests }) => tests === undefined],
  ['not described', ({ summary }) => summary === undefined],
  ['columns not described', (node) => node.describedColumns < node.columnCount],
  ['no owner', ({ owner }) => owner === undefined],
]
type Lack = readonly [name: string, isOf: (node: SiteNode) => boolean]

/** For each relation: is it tested, do the tests pass, is it described. What needs work stands first. */
export function QualityPage({
  query,
}: {
  readonly query: ReadonlyMap<string, string>
}): JSX.Element {
  const { nodes } = useSite()
  const [isWhole, setWhole] = useState(false)
  const rated = useMemo(
    () =>
      nodes
        .filter(
          (node) => isShown(node) && ['model', 'snapshot', 'seed', 'source'].includes(node.kind),
        )
        .sort((a, b) => urgency(b) - urgency(a) || a.name.localeCompare(b.name)),
    [nodes],
  )
  const columns = rated.reduce((sum, { columnCount }) => sum + columnCount, 0)
  const described = rated.reduce((sum, { describedColumns }) => sum + describedColumns, 0)
  const tested = rated.filter(({ tests }) => tests !== undefined).length
  const clean = rated.filter(({ tests }) => tests?.fail === 0 && tests.warn === 0).length
  const lack = LACKS.find(([name]) => name === query.get('show')) ?? LACKS[0]
  const found = rated.filter(lack[1])
  const shown = isWhole ? found : found.slice(0, SHOWN_AT_FIRST)
  return (
    <>
      <h1>Data quality</h1>
      <dl class="tiles">
        <Tile
          label="Tested"
          value={formatShare(tested, rated.length)}
          of={`${formatCount(tested)} of ${formatCount(rated.length)}`}
        />
        <Tile
          label="All tests passing"
          value={formatShare(clean, tested)}
          of={`${formatCount(clean)} of ${formatCount(tested)}`}
        />
        <Tile
          label="Described"
          value={formatShare(
            rated.filter(({ summary }) => summary !== undefined).length,
            rated.length,
          )}
          of="of nodes"
        />
        <Tile
          label="Columns described"
          value={formatShare(described, columns)}
          of={`${formatCount(described)} of ${formatCount(columns)}`}
        />
        <Tile
          label="Owned"
          value={formatShare(rated.filter(({ owner }) => owner !== undefined).length, rated.length)}
          of="of nodes"
        />
      </dl>
      <nav class="switch" aria-label="What is missing">
        {LACKS.map(([name, isOf]) => (
          <a
            key={name}
            href={href('quality', '', name === 'all' ? {} : { show: name })}
            aria-current={lack[0] === name ? 'true' : undefined}
          >
            {name} <span class="count">{formatCount(rated.filter(isOf).length)}</span>
          </a>
        ))}
      </nav>
      {found.length === 0 ? <p class="muted">None.</p> : null}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Last run</th>
              <th scope="col">Tests</th>
              <th scope="col">Description</th>
              <th scope="col">Columns described</th>
              <th scope="col">Owner</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((node) => (
              <tr key={node.id}>
                <th scope="row">
                  <NodeLink node={node} />
                </th>
                <td>{node.status === undefined ? '' : <Status status={node.status} />}</td>
                <td>
                  <TestCounts counts={node.tests} />
                </td>
                <td>
                  {node.summary === undefined ? (
                    <span class="status middling">! missing</span>
                  ) : (
                    'yes'
                  )}
                </td>
                <td>
                  {node.columnCount === 0 ? (
                    <span class="muted">no columns known</span>
                  ) : (
                    <span class="meter">
                      <span>
                        <i
                          style={{ width: `${(100 * node.describedColumns) / node.columnCount}%` }}
                        />
                      </span>
                      {node.describedColumns} of {node.columnCount}
                    </span>
                  )}
                </td>
                <td>{node.owner ?? <span class="status middling">! missing</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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

function Tile({
  label,
  value,
  of,
}: {
  readonly label: string
  readonly value: string
  readonly of: string
}): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong> <span class="muted">{of}</span>
      </dd>
    </div>
  )
}

function urgency({ status, tests, summary, columnCount, describedColumns }: SiteNode): number {
  if (status === 'error') return 6
  if ((tests?.fail ?? 0) > 0) return 5
  if ((tests?.warn ?? 0) > 0) return 4
  if (tests === undefined) return 3
  if (summary === undefined) return 2
  return describedColumns < columnCount ? 1 : 0
}
