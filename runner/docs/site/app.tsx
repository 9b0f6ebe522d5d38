import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { SiteContext } from './context.ts'
import { LineagePage } from './pages/lineage-page.tsx'
import { ListPage } from './pages/list-page.tsx'
import { NodePage } from './pages/node-page.tsx'
import { Overview } from './pages/overview.tsx'
import { QualityPage } from './pages/quality-page.tsx'
import { RunPage } from './pages/run-page.tsx'
import { RunsPage } from './pages/runs-page.tsx'
import { SearchPage } from './pages/search-page.tsx'
import { TestsPage } from './pages/tests-page.tsx'
import { ProjectTree } from './parts/project-tree.tsx'
import { SearchBox } from './parts/search-box.tsx'
import { ThemeSwitch } from './parts/theme-switch.tsx'
import type { Route } from './route.ts'
import { href, useRoute } from './route.ts'
import type { Site } from './site.ts'

const SECTIONS = [
  ['', 'Overview'],
  ['lineage', 'Lineage'],
  ['runs', 'Runs'],
  ['tests', 'Tests'],
  ['quality', 'Quality'],
] as const

/** The frame around every page: sections, search, the project's tree. */
export function App({ site }: { readonly site: Site }): JSX.Element {
  const route = useRoute()
  const main = useRef<HTMLElement>(null)
  const [isTreeOpen, setTreeOpen] = useState(false)
  const place = `${route.page}/${route.id}`
  const isFirst = useRef(true)
  useEffect(() => {
    setTreeOpen(false)
    document.title = titleOf(route, site)
    if (isFirst.current) {
      isFirst.current = false
      return
    }
    // As a browser does on a new page: to its top, and the next Tab from there.
    if (!route.query.has('section')) window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [place])
  return (
    <SiteContext.Provider value={site}>
      <a class="skip" href="#main" onClick={(event) => skip(event, main.current)}>
        Skip to content
      </a>
      <header class={route.page === 'lineage' ? 'top whole' : 'top'}>
        <button
          type="button"
          class="menu"
          aria-expanded={isTreeOpen}
          aria-controls="tree"
          onClick={() => {
            setTreeOpen(!isTreeOpen)
          }}
        >
          <span aria-hidden="true">☰</span>
          <span class="for-readers">Project tree</span>
        </button>
        <a class="brand" href={href('')}>
          {site.index.project}
        </a>
        <nav aria-label="Sections">
          {SECTIONS.map(([page, label]) => (
            <a href={href(page)} aria-current={isCurrent(route, page) ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <SearchBox />
        <ThemeSwitch />
      </header>
      <div class={route.page === 'lineage' ? 'frame whole' : 'frame'}>
        <aside id="tree" class={isTreeOpen ? 'tree open' : 'tree'} aria-label="Project">
          <ProjectTree current={route.page === 'node' ? route.id : undefined} />
        </aside>
        <main ref={main} id="main" tabIndex={-1}>
          <Page route={route} />
          <footer>
            gm {site.index.version} · target {site.index.target} · written{' '}
            {site.index.generatedAt.slice(0, 16).replace('T', ' ')} UTC
          </footer>
        </main>
      </div>
    </SiteContext.Provider>
  )
}

function Page({ route }: { readonly route: Route }): JSX.Element {
  switch (route.page) {
    case '':
      return <Overview />
    case 'node':
      return <NodePage key={route.id} id={route.id} query={route.query} />
    case 'lineage':
      return <LineagePage id={route.id} query={route.query} />
    case 'runs':
      return route.id === '' ? <RunsPage /> : <RunPage id={route.id} />
    case 'tests':
      return <TestsPage query={route.query} />
    case 'quality':
      return <QualityPage query={route.query} />
    case 'list':
      return <ListPage kind={route.id} query={route.query} />
    case 'search':
      return <SearchPage text={route.query.get('q') ?? ''} />
    default:
      return (
        <>
          <h1>Not found</h1>
          <p>
            There is no page of this name. <a href={href('')}>To the overview</a>
          </p>
        </>
      )
  }
}

function isCurrent(route: Route, page: string): boolean {
  return route.page === page
}

function titleOf(route: Route, site: Site): string {
  const node = site.byId.get(route.id)
  const section = SECTIONS.find(([page]) => page === route.page)?.[1]
  const first = node?.name ?? (route.page === '' ? undefined : section)
  return first === undefined ? site.index.project : `${first} · ${site.index.project}`
}

function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault()
  main?.focus()
}
