import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { NodeChunk, NodePage as Page, TestRow } from '../../site-data.ts'
import { useChunk } from '../chunks.ts'
import { useSite } from '../context.ts'
import { formatCount, formatDuration, formatSize, formatTime } from '../format.ts'
import { layOut, reach } from '../lineage-scene.ts'
import { Code } from '../parts/code.tsx'
import { ColumnTable } from '../parts/column-table.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { History } from '../parts/history.tsx'
import { KindMark } from '../parts/kind-mark.tsx'
import { LineageSvg } from '../parts/lineage-svg.tsx'
import { Loading } from '../parts/loading.tsx'
import { Markdown } from '../parts/markdown.tsx'
import { NodeLink } from '../parts/node-link.tsx'
import { Status } from '../parts/status.tsx'
import { TestCounts } from '../parts/test-counts.tsx'
import { TestTable } from '../parts/test-table.tsx'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'

interface NodePageProps {
  readonly id: string
  readonly query: ReadonlyMap<string, string>
}

/** All that is known of one node. */
export function NodePage({ id, query }: NodePageProps): JSX.Element {
  const { byId } = useSite()
  const node = byId.get(id)
  if (node !== undefined) return <FoundNode node={node} query={query} />
  return id.startsWith('test.') ? <FoundTest id={id} query={query} /> : <NotFound id={id} />
}

/** A test from YAML, which stands in the list of tests alone. */
function FoundTest({ id, query }: NodePageProps): JSX.Element {
  const { value: tests, error } = useChunk<readonly TestRow[]>('tests')
  if (tests === undefined) return <Loading error={error} />
  const test = tests.find((one) => one.id === id)
  if (test === undefined) return <NotFound id={id} />
  const node: SiteNode = {
    id,
    kind: 'test',
    name: test.title,
    path: test.path,
    chunk: test.chunk,
    ...(test.last === undefined ? {} : { status: test.last.status }),
    columnCount: 0,
    describedColumns: 0,
    position: -1,
    parents: [],
    children: [],
  }
  return <FoundNode node={node} query={query} tested={test} />
}

function NotFound({ id }: { readonly id: string }): JSX.Element {
  return (
    <>
      <h1>Not found</h1>
      <p>
        Nothing in this project is called <code>{id}</code>.{' '}
        <a href={href('search', '', { q: id.split('.').at(-1) })}>Search for it</a>
      </p>
    </>
  )
}

interface FoundNodeProps {
  readonly node: SiteNode
  readonly query: ReadonlyMap<string, string>
  readonly tested?: TestRow
}

function FoundNode({ node, query, tested }: FoundNodeProps): JSX.Element {
  const { nodes } = useSite()
  const chunk = useChunk<NodeChunk>(`nodes-${node.chunk}`)
  const page = chunk.value?.find(({ id }) => id === node.id)
  const on = tested?.node === undefined ? undefined : nodes[tested.node]
  return (
    <article>
      <Head node={node} />
      {on === undefined ? null : (
        <p>
          <b>{tested?.name}</b>
          {tested?.arguments === undefined ? '' : ` (${tested.arguments})`} of{' '}
          <NodeLink node={on} />
          {tested?.column === undefined ? null : (
            <>
              , column <a href={href('node', on.id, { column: tested.column })}>{tested.column}</a>
            </>
          )}
        </p>
      )}
      {chunk.value === undefined ? <Loading error={chunk.error} /> : null}
      {page === undefined ? null : <Body node={node} page={page} query={query} />}
    </article>
  )
}

function Head({ node }: { readonly node: SiteNode }): JSX.Element {
  const folders = node.path.split('/').slice(0, -1).join(' / ')
  return (
    <header class="node-head">
      <p class="crumbs">{folders}</p>
      <h1>{node.name}</h1>
      <p class="under-title">
        <span class="tag kind-tag">
          <KindMark kind={node.kind} />
          {node.kind}
          {node.materialized === undefined ? '' : ` · ${node.materialized}`}
        </span>
        {node.relation === undefined ? null : (
          <span class="named">
            <code>{node.relation}</code>
            <CopyButton text={node.relation} what={`the name ${node.relation}`} />
          </span>
        )}
        {node.status === undefined ? null : <Status status={node.status} />}
        {(node.tags ?? []).map((tag) => (
          <a key={tag} class="tag" href={href('list', '', { tag })}>
            {tag}
          </a>
        ))}
      </p>
    </header>
  )
}

interface Section {
  readonly id: string
  readonly title: string
  readonly count?: number
  readonly content: JSX.Element
}

interface BodyProps {
  readonly node: SiteNode
  readonly page: Page
  readonly query: ReadonlyMap<string, string>
}

function Body({ node, page, query }: BodyProps): JSX.Element {
  const line = query.has('line') ? Number(query.get('line')) : undefined
  const sections = sectionsOf(node, page, line, query.get('column'))
  const wanted = query.get('section')
  useEffect(() => {
    if (wanted !== undefined) document.getElementById(wanted)?.scrollIntoView()
  }, [wanted])
  return (
    <>
      <Facts node={node} page={page} />
      <Markdown html={page.descriptionHtml} />
      {page.descriptionHtml === undefined && node.kind !== 'test' && node.kind !== 'macro' ? (
        <p class="muted">No description.</p>
      ) : null}
      <nav class="on-page" aria-label="On this page">
        {sections.map(({ id, title, count }) => (
          <a key={id} href={href('node', node.id, { section: id })}>
            {title}
            {count === undefined ? null : <span class="count">{formatCount(count)}</span>}
          </a>
        ))}
      </nav>
      {sections.map(({ id, title, content }) => (
        <section key={id} id={id} aria-labelledby={`${id}-title`}>
          <h2 id={`${id}-title`}>{title}</h2>
          {content}
        </section>
      ))}
    </>
  )
}

function sectionsOf(
  node: SiteNode,
  page: Page,
  line: number | undefined,
  column: string | undefined,
): readonly Section[] {
  const sections: Section[] = []
  if (node.parents.length + node.children.length > 0 && node.kind !== 'macro') {
    sections.push({ id: 'lineage', title: 'Lineage', content: <Neighbours node={node} /> })
  }
  if (page.columns.length > 0) {
    sections.push({
      id: 'columns',
      title: 'Columns',
      count: page.columns.length,
      content: (
        <>
          <ColumnTable page={page} chosen={column} />
          {(page.lineageNotes ?? []).map((note) => (
            <p key={note} class="note">
              Lineage of columns: {note}
            </p>
          ))}
        </>
      ),
    })
  }
  if (page.tests.length > 0) {
    sections.push({
      id: 'tests',
      title: 'Tests',
      count: page.tests.length,
      content: <TestTable tests={page.tests} />,
    })
  }
  if (page.source !== undefined || page.compiled !== undefined || page.compiledNote !== undefined) {
    sections.push({
      id: 'code',
      title: 'Code',
      content: (
        <Code
          node={node}
          source={page.source}
          compiled={page.compiled}
          note={page.compiledNote}
          line={line}
          firstLine={node.kind === 'macro' ? page.line : 1}
        />
      ),
    })
  }
  if (page.history.length > 0) {
    sections.push({
      id: 'runs',
      title: 'Runs',
      count: page.history.length,
      content: <History steps={page.history} isTest={node.kind === 'test'} />,
    })
  }
  if (page.related.length > 0) {
    sections.push({ id: 'related', title: 'Used', content: <Related related={page.related} /> })
  }
  const { stored } = page
  if (stored !== undefined && stored.constraints.length + stored.indexes.length > 0) {
    sections.push({ id: 'storage', title: 'Storage', content: <Storage stored={stored} /> })
  }
  if (page.config.length > 0) {
    sections.push({
      id: 'config',
      title: 'Configuration',
      content: (
        <dl class="facts wide">
          {page.config.map(([key, value]) => (
            <>
              <dt>{key}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </>
          ))}
        </dl>
      ),
    })
  }
  return sections
}

function Facts({ node, page }: { readonly node: SiteNode; readonly page: Page }): JSX.Element {
  const { stored } = page
  const [last] = page.history
  const rows = stored?.estimatedRows
  const facts: (readonly [string, JSX.Element | string])[] = [
    ...(rows === undefined
      ? []
      : [
          [
            'Rows',
            <span title="estimated at the last ANALYZE">≈ {formatCount(rows)}</span>,
          ] as const,
        ]),
    ...(stored?.sizeBytes === undefined ? [] : [['Size', formatSize(stored.sizeBytes)] as const]),
    ...(last === undefined
      ? []
      : [
          [
            'Last run',
            <>
              <a href={href('runs', last.runId)}>{formatTime(last.at)}</a>
              {last.durationMs === undefined ? '' : `, ${formatDuration(last.durationMs)}`}
            </>,
          ] as const,
        ]),
    ...(node.freshness === undefined
      ? []
      : [['Freshness', <Freshness of={node.freshness} />] as const]),
    ...(node.tests === undefined ? [] : [['Tests', <TestCounts counts={node.tests} />] as const]),
    ...(node.owner === undefined ? [] : [['Owner', node.owner] as const]),
    ...(stored === undefined || stored.type === node.materialized
      ? []
      : [['In the database', stored.type] as const]),
    ...page.facts.map(([label, value]) => [label, <Fact value={value} />] as const),
    [
      'Defined in',
      <code>
        {node.path}
        {page.line > 1 ? `:${page.line}` : ''}
      </code>,
    ],
  ]
  return (
    <dl class="tiles">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Freshness({ of }: { readonly of: NonNullable<SiteNode['freshness']> }): JSX.Element {
  return (
    <>
      <Status status={of.status} />
      <span class="muted">
        {of.newestRowAt === undefined ? '' : ` newest row ${formatTime(of.newestRowAt)}`}
        {of.checkedAt === undefined ? '' : `, looked at ${formatTime(of.checkedAt)} UTC`}
      </span>
    </>
  )
}

function Fact({ value }: { readonly value: string }): JSX.Element {
  return /^https?:\/\//.test(value) ? <a href={value}>{value}</a> : <>{value}</>
}

/** Beyond, a drawing in the page would be no overview. */
const MOST_NEIGHBOURS = 40

function Neighbours({ node }: { readonly node: SiteNode }): JSX.Element {
  const site = useSite()
  const positions = useMemo(() => reach(site, node.position, 1, 1), [site, node])
  const scene = useMemo(
    () => (positions.length > MOST_NEIGHBOURS ? undefined : layOut(site, positions)),
    [site, positions],
  )
  const named = (list: readonly number[]): JSX.Element => (
    <ul class="plain-list">
      {list.flatMap((position) => {
        const one = site.nodes[position]
        return one === undefined || one.kind === 'test'
          ? []
          : [
              <li key={position}>
                <NodeLink node={one} />
              </li>,
            ]
      })}
    </ul>
  )
  return (
    <>
      {scene === undefined ? (
        <div class="columns-2">
          <div>
            <h3>Reads {formatCount(node.parents.length)}</h3>
            {named(node.parents)}
          </div>
          <div>
            <h3>Is read by {formatCount(node.children.length)}</h3>
            {named(node.children)}
          </div>
        </div>
      ) : (
        <LineageSvg scene={scene} focus={node.position} linkTo="node" isStill />
      )}
      <p>
        <a href={href('lineage', node.id)}>Everything before and after it</a>
      </p>
    </>
  )
}

function Related({ related }: { readonly related: Page['related'] }): JSX.Element {
  const { nodes } = useSite()
  return (
    <dl class="facts wide">
      {related.map(([label, positions]) => (
        <>
          <dt>{label}</dt>
          <dd class="links">
            {positions.map((position) => {
              const node = nodes[position]
              return node === undefined ? null : <NodeLink key={position} node={node} />
            })}
          </dd>
        </>
      ))}
    </dl>
  )
}

function Storage({ stored }: { readonly stored: NonNullable<Page['stored']> }): JSX.Element {
  const groups = [
    ['Constraints', stored.constraints],
    ['Indexes', stored.indexes],
  ] as const
  return (
    <>
      {groups.map(([title, entries]) =>
        entries.length === 0 ? null : (
          <div key={title}>
            <h3>{title}</h3>
            <dl class="facts wide">
              {entries.map(({ name, definition }) => (
                <>
                  <dt>{name}</dt>
                  <dd>
                    <code>{definition}</code>
                  </dd>
                </>
              ))}
            </dl>
          </div>
        ),
      )}
      <p class="muted">
        Owned by {stored.owner}
        {stored.analyzedAt === undefined ? '' : `, analysed ${formatTime(stored.analyzedAt)} UTC`}.
      </p>
    </>
  )
}
