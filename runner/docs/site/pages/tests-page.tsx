import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { TestRow } from '../../site-data.ts'
import { useChunk } from '../chunks.ts'
import { useSite } from '../context.ts'
import { countTurns } from '../count-turns.ts'
import { formatCount } from '../format.ts'
import { Loading } from '../parts/loading.tsx'
import { NodeLink } from '../parts/node-link.tsx'
import { ShowAll } from '../parts/show-all.tsx'
import { TestTable } from '../parts/test-table.tsx'
import { href } from '../route.ts'

const SHOWN_AT_FIRST = 300
const VERDICTS = ['failing', 'warning', 'passing', 'not run'] as const
const GROUPS = ['all', ...VERDICTS, 'unstable'] as const

/** Every test with its last results, failures first. */
export function TestsPage({ query }: { readonly query: ReadonlyMap<string, string> }): JSX.Element {
  const { nodes } = useSite()
  const { value: tests, error } = useChunk<readonly TestRow[]>('tests')
  const [isWhole, setWhole] = useState(false)
  const group = query.get('show') ?? 'all'
  const all = tests ?? []
  const found = all
    .filter((test) => isIn(test, group))
    .sort((a, b) => VERDICTS.indexOf(groupOf(a)) - VERDICTS.indexOf(groupOf(b)))
  const shown = isWhole ? found : found.slice(0, SHOWN_AT_FIRST)
  return (
    <>
      <h1>Tests</h1>
      <nav class="switch" aria-label="Results">
        {GROUPS.map((one) => (
          <a
            key={one}
            href={href('tests', '', one === 'all' ? {} : { show: one })}
            aria-current={group === one ? 'true' : undefined}
          >
            {one}{' '}
            <span class="count">{formatCount(all.filter((test) => isIn(test, one)).length)}</span>
          </a>
        ))}
      </nav>
      {tests === undefined ? <Loading error={error} /> : null}
      {tests !== undefined && found.length === 0 ? <p class="muted">None.</p> : null}
      {found.length === 0 ? null : (
        <TestTable
          tests={shown.map((test) => {
            const node = test.node === undefined ? undefined : nodes[test.node]
            return node === undefined ? test : { ...test, on: <NodeLink node={node} /> }
          })}
        />
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

/** Unstable is what turned to and fro within the runs that are known, however it stands now. */
function isIn(test: TestRow, group: string): boolean {
  if (group === 'all') return true
  return group === 'unstable' ? countTurns(test.recent) > 1 : groupOf(test) === group
}

function groupOf({ last }: TestRow): (typeof VERDICTS)[number] {
  switch (last?.status) {
    case undefined:
    case 'skipped':
    case 'cancelled':
      return 'not run'
    case 'pass':
      return 'passing'
    case 'warn':
      return 'warning'
    default:
      return 'failing'
  }
}
