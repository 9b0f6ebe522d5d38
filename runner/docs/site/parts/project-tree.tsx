import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount } from '../format.ts'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'
import { KindMark } from './kind-mark.tsx'

interface Folder {
  readonly name: string
  readonly path: string
  readonly folders: Map<string, Folder>
  readonly nodes: SiteNode[]
  count: number
}

type View = 'files' | 'database'

/** All nodes, as they lie in folders or in schemas of the database. Folders draw what is in them when they are open. */
export function ProjectTree({ current }: { readonly current: string | undefined }): JSX.Element {
  const { nodes, byId } = useSite()
  const [view, setView] = useState<View>('files')
  const root = useMemo(() => toTree(nodes, view), [nodes, view])
  const [open, setOpen] = useState<ReadonlySet<string>>(() => firstLevels(root))
  const at = current === undefined ? undefined : byId.get(current)
  useEffect(() => {
    setOpen((before) => new Set([...before, ...firstLevels(root)]))
  }, [root])
  useEffect(() => {
    if (at === undefined) return
    const parts = foldersOf(at, view) ?? []
    const paths = parts.map((_, i) => parts.slice(0, i + 1).join('/'))
    setOpen((before) => new Set([...before, ...paths]))
    requestAnimationFrame(() => {
      document.querySelector('.tree [aria-current]')?.scrollIntoView({ block: 'nearest' })
    })
  }, [at, view])
  const toggle = (path: string): void => {
    setOpen((before) => {
      const next = new Set(before)
      if (!next.delete(path)) next.add(path)
      return next
    })
  }
  return (
    <nav aria-label="Project tree">
      <div class="switch" role="group" aria-label="Order of the tree">
        {(['files', 'database'] as const).map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={view === one}
            onClick={() => {
              setView(one)
            }}
          >
            {one === 'files' ? 'Files' : 'Database'}
          </button>
        ))}
      </div>
      <Branch folder={root} open={open} toggle={toggle} current={current} />
    </nav>
  )
}

interface BranchProps {
  readonly folder: Folder
  readonly open: ReadonlySet<string>
  readonly toggle: (path: string) => void
  readonly current: string | undefined
}

function Branch({ folder, open, toggle, current }: BranchProps): JSX.Element {
  return (
    <ul>
      {[...folder.folders.values()].map((inner) => (
        <li key={inner.path}>
          <button
            type="button"
            class="folder"
            aria-expanded={open.has(inner.path)}
            onClick={() => {
              toggle(inner.path)
            }}
          >
            <span class="arrow" aria-hidden="true" />
            {inner.name}
            <span class="count">{formatCount(inner.count)}</span>
          </button>
          {open.has(inner.path) ? (
            <Branch folder={inner} open={open} toggle={toggle} current={current} />
          ) : null}
        </li>
      ))}
      {folder.nodes.map((node) => (
        <li key={node.id}>
          <a
            href={href('node', node.id)}
            title={node.name}
            aria-current={node.id === current ? 'page' : undefined}
          >
            <KindMark kind={node.kind} />
            {node.name}
            {hasTrouble(node) ? <span class="spot bad" title="has failures" /> : null}
          </a>
        </li>
      ))}
    </ul>
  )
}

function hasTrouble({ status, tests }: SiteNode): boolean {
  return status === 'error' || status === 'fail' || (tests?.fail ?? 0) > 0
}

function toTree(nodes: readonly SiteNode[], view: View): Folder {
  const root = newFolder('', '')
  for (const node of nodes) {
    if (node.isHidden === true) continue
    const parts = foldersOf(node, view)
    if (parts === undefined) continue
    let folder = root
    for (const name of parts) {
      const known = folder.folders.get(name)
      folder.count += 1
      if (known === undefined) {
        const made = newFolder(name, folder.path === '' ? name : `${folder.path}/${name}`)
        folder.folders.set(name, made)
        folder = made
      } else folder = known
    }
    folder.count += 1
    folder.nodes.push(node)
  }
  return sorted(root)
}

/** The folders that a node lies in; undefined for one that the view leaves out. */
function foldersOf(node: SiteNode, view: View): readonly string[] | undefined {
  if (view === 'database') return node.relation?.split('.', 1)
  if (node.kind === 'topic') return ['topics']
  // Generic tests lie with what they test, on its page.
  if (node.kind === 'test' && !node.path.endsWith('.sql')) return undefined
  return node.path.split('/').slice(0, -1)
}

function sorted(folder: Folder): Folder {
  const folders = [...folder.folders.values()].map(sorted)
  folders.sort((a, b) => a.name.localeCompare(b.name))
  const nodes = [...folder.nodes].sort((a, b) => a.name.localeCompare(b.name))
  return { ...folder, folders: new Map(folders.map((one) => [one.name, one])), nodes }
}

function newFolder(name: string, path: string): Folder {
  return { name, path, folders: new Map(), nodes: [], count: 0 }
}

/** Open at first: as many levels as lead to a choice. */
function firstLevels(root: Folder): ReadonlySet<string> {
  const open = new Set<string>()
  for (const folder of root.folders.values()) {
    if (folder.name !== 'models' && root.folders.size > 1) continue
    open.add(folder.path)
    for (let inner = folder; inner.folders.size === 1 && inner.nodes.length === 0; ) {
      const [only] = inner.folders.values()
      if (only === undefined) break
      open.add(only.path)
      inner = only
    }
  }
  return open
}
