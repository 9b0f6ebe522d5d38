import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ColumnPage, ColumnPlace, NodePage, TestPage } from '../../site-data.ts'
import { useSite } from '../context.ts'
import { href } from '../route.ts'
import { Markdown } from './markdown.tsx'
import { ShowAll } from './show-all.tsx'
import { Statistics } from './statistics.tsx'
import { toneOf } from './status.tsx'

/** From so many columns on there is a filter. */
const FILTER_FROM = 12
const SHOWN_AT_FIRST = 200

interface ColumnTableProps {
  readonly page: NodePage
  /** The column that a link leads to. */
  readonly chosen: string | undefined
}

/** Columns with type, description and tests. */
export function ColumnTable({ page, chosen }: ColumnTableProps): JSX.Element {
  const [filter, setFilter] = useState('')
  const [isWhole, setWhole] = useState(chosen !== undefined)
  useEffect(() => {
    if (chosen !== undefined)
      document.getElementById(`column-${chosen}`)?.scrollIntoView({ block: 'center' })
  }, [chosen])
  const wanted = filter.trim().toLowerCase()
  const found = page.columns.filter(({ name, descriptionHtml }) =>
    `${name} ${descriptionHtml ?? ''}`.toLowerCase().includes(wanted),
  )
  const hasLineage = page.columns.some(({ from, to }) => from !== undefined || to !== undefined)
  const shown = isWhole ? found : found.slice(0, SHOWN_AT_FIRST)
  const testsOf = (column: string): readonly TestPage[] =>
    page.tests.filter((test) => test.column === column)
  return (
    <>
      {page.columns.length < FILTER_FROM ? null : (
        <input
          type="search"
          class="filter"
          placeholder="Filter columns"
          aria-label="Filter columns"
          value={filter}
          onInput={(event) => {
            setFilter(event.currentTarget.value)
          }}
        />
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Description</th>
              {hasLineage ? <th scope="col">Made of</th> : null}
              <th scope="col">Tests</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((column) => (
              <tr
                key={column.name}
                id={`column-${column.name}`}
                class={column.name === chosen ? 'marked' : undefined}
              >
                <th scope="row">
                  <a href={href('node', page.id, { column: column.name })}>{column.name}</a>
                  <span class="type">
                    {column.type ?? ''}
                    {column.isRequired === true ? ', not null' : ''}
                  </span>
                  {column.isMissing === true ? (
                    <span class="status middling">! not in the database</span>
                  ) : null}
                </th>
                <td>
                  <Description column={column} id={page.id} />
                  <Statistics of={column.statistics} />
                </td>
                {hasLineage ? (
                  <td>
                    <MadeOf column={column} id={page.id} />
                  </td>
                ) : null}
                <td>
                  {testsOf(column.name).map((test) => (
                    <a
                      key={test.id}
                      class={`test ${toneOf(test.last?.status ?? '')}`}
                      href={href('node', test.id)}
                      title={titleOf(test)}
                    >
                      {test.name}
                    </a>
                  ))}
                  <Inherited tests={column.inheritedTests} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length === 0 ? <p class="muted">No column of this name.</p> : null}
      <ShowAll
        found={found.length}
        shown={shown.length}
        what="columns"
        onShow={() => {
          setWhole(true)
        }}
      />
    </>
  )
}

function Description({
  column,
  id,
}: {
  readonly column: ColumnPage
  readonly id: string
}): JSX.Element {
  const { nodes } = useSite()
  const { describedBy, personal } = column
  const isMarkedHere =
    personal !== undefined && nodes[personal.node]?.id === id && personal.column === column.name
  return (
    <>
      <Markdown html={column.descriptionHtml} />
      {describedBy === undefined ? null : (
        <p class="muted inherited">
          inherited from <PlaceLink at={describedBy} />
        </p>
      )}
      {personal === undefined ? null : (
        <span class="tag personal">
          personal data
          {isMarkedHere ? null : (
            <>
              , from <PlaceLink at={personal} />
            </>
          )}
        </span>
      )}
      {(column.tags ?? []).map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
      {(column.meta ?? []).map(([key, value]) => (
        <span key={key} class="tag">
          {key}: {value}
        </span>
      ))}
    </>
  )
}

/** Tests of what the column is a copy of, told apart from its own by their border and by where they are from. */
function Inherited({
  tests: of,
}: {
  readonly tests: ColumnPage['inheritedTests']
}): JSX.Element | null {
  if (of === undefined) return null
  return (
    <>
      {of.tests.map(({ id, name, status }) => (
        <a
          key={id}
          class={`test from-elsewhere ${toneOf(status ?? '')}`}
          href={href('node', id)}
          title={`${name}: ${status ?? 'not run'}`}
        >
          {name}
        </a>
      ))}
      <p class="muted inherited">
        inherited from <PlaceLink at={of.at} />
      </p>
    </>
  )
}

function PlaceLink({ at }: { readonly at: ColumnPlace }): JSX.Element | null {
  const node = useSite().nodes[at.node]
  if (node === undefined) return null
  return (
    <a href={href('node', node.id, { column: at.column })}>
      {node.name}.{at.column}
    </a>
  )
}

/** More are on the drawing. */
const MOST_SOURCES = 3

function MadeOf({ column, id }: { readonly column: ColumnPage; readonly id: string }): JSX.Element {
  const { nodes } = useSite()
  const sources = (column.from ?? []).filter(({ how }) => !how.startsWith('condition'))
  const found = new Map(sources.map((edge) => [`${edge.node} ${edge.column}`, edge]))
  return (
    <span class="made-of">
      {[...found.values()].slice(0, MOST_SOURCES).map(({ node, column: name, how }) => {
        const other = nodes[node]
        if (other === undefined) return null
        return (
          <span key={`${node} ${name}`}>
            <a href={href('node', other.id, { column: name })}>
              {other.name}.{name}
            </a>
            {how === 'copied' ? null : <span class="muted"> {how}</span>}
          </span>
        )
      })}
      {(column.from ?? column.to) === undefined ? null : (
        <a class="muted" href={href('lineage', id, { column: column.name })}>
          {found.size > MOST_SOURCES ? `and ${found.size - MOST_SOURCES} more, ` : ''}trace
        </a>
      )}
    </span>
  )
}

function titleOf(test: TestPage): string {
  const given = test.arguments === undefined ? '' : ` (${test.arguments})`
  return `${test.name}${given}: ${test.last?.status ?? 'not run'}`
}
