import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { LineagePage as LineageData } from '../../site-data.ts'
import { useChunk } from '../chunks.ts'
import { walkColumns } from '../column-walk.ts'
import { useSite } from '../context.ts'
import { formatCount } from '../format.ts'
import { KINDS } from '../kinds.ts'
import type { Scene } from '../lineage-scene.ts'
import { fromLayout, layOut, layOutColumns, reach } from '../lineage-scene.ts'
import { LineageCanvas } from '../parts/lineage-canvas.tsx'
import { LineageSvg } from '../parts/lineage-svg.tsx'
import { Loading } from '../parts/loading.tsx'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'
import { isShown } from '../site.ts'

/** Beyond, each box as an element of the page makes moving the drawing slow. */
const MOST_ELEMENTS = 300
const STEPS = ['0', '1', '2', '3', 'all'] as const

interface LineagePageProps {
  readonly id: string
  readonly query: ReadonlyMap<string, string>
}

/** The whole graph, or what is before and after one node. */
export function LineagePage({ id, query }: LineagePageProps): JSX.Element {
  const site = useSite()
  const focus = site.byId.get(id)
  const up = query.get('up') ?? 'all'
  const down = query.get('down') ?? 'all'
  const column = query.get('column')
  const hasConditions = query.get('conditions') === 'yes'
  return (
    <div class="lineage-page">
      <header>
        <h1>
          {focus === undefined
            ? 'Lineage'
            : `Lineage of ${focus.name}${column === undefined ? '' : `.${column}`}`}
        </h1>
        {focus === undefined ? null : (
          <p class="controls">
            {column === undefined ? (
              <>
                <Steps label="Before" name="up" chosen={up} focus={focus} other={{ down }} />
                <Steps label="After" name="down" chosen={down} focus={focus} other={{ up }} />
              </>
            ) : (
              <label>
                <input
                  type="checkbox"
                  checked={hasConditions}
                  onChange={() => {
                    const conditions = hasConditions ? undefined : 'yes'
                    location.hash = href('lineage', focus.id, { column, conditions })
                  }}
                />{' '}
                with what only decides which value is taken
              </label>
            )}
            <a href={href('node', focus.id, { column })}>Page of {focus.name}</a>
            {column === undefined ? null : <a href={href('lineage', focus.id)}>Whole nodes</a>}
            <a href={href('lineage')}>Whole project</a>
          </p>
        )}
      </header>
      {focus === undefined ? (
        <Whole />
      ) : column === undefined ? (
        <Around focus={focus} up={up} down={down} />
      ) : (
        <Columns focus={focus} column={column} hasConditions={hasConditions} />
      )}
      <Legend />
    </div>
  )
}

interface ColumnsProps {
  readonly focus: SiteNode
  readonly column: string
  readonly hasConditions: boolean
}

function Columns({ focus, column, hasConditions }: ColumnsProps): JSX.Element {
  const site = useSite()
  const [scene, setScene] = useState<Scene | undefined>(undefined)
  useEffect(() => {
    let isCurrent = true
    void walkColumns(site, { node: focus.position, column }, hasConditions).then((found) => {
      if (isCurrent) setScene(layOutColumns(site, found))
    })
    return () => {
      isCurrent = false
    }
  }, [site, focus, column, hasConditions])
  if (!site.index.hasColumnLineage) {
    return <p class="muted">The lineage of columns is not part of this site.</p>
  }
  if (scene === undefined) return <Loading />
  return <LineageSvg scene={scene} focus={focus.position} column={column} linkTo="lineage" />
}

function Whole(): JSX.Element {
  const site = useSite()
  const { value, error } = useChunk<LineageData>('lineage')
  const scene = useMemo(() => {
    if (value === undefined) return undefined
    return value.nodes.length <= MOST_ELEMENTS
      ? layOut(site, value.nodes)
      : fromLayout(site, value.nodes, value)
  }, [site, value])
  if (scene === undefined) return <Loading error={error} />
  return <Drawing scene={scene} focus={undefined} />
}

function Around({
  focus,
  up,
  down,
}: {
  readonly focus: SiteNode
  readonly up: string
  readonly down: string
}): JSX.Element {
  const site = useSite()
  const scene = useMemo(() => {
    const positions = reach(site, focus.position, stepsOf(up), stepsOf(down))
    return layOut(
      site,
      positions.filter((position) => {
        const node = site.nodes[position]
        return node !== undefined && (isShown(node) || position === focus.position)
      }),
    )
  }, [site, focus, up, down])
  return <Drawing scene={scene} focus={focus.position} />
}

function Drawing({
  scene,
  focus,
}: {
  readonly scene: Scene
  readonly focus: number | undefined
}): JSX.Element {
  if (scene.nodes.length === 0) return <p class="muted">There is nothing to draw.</p>
  return scene.nodes.length <= MOST_ELEMENTS ? (
    <LineageSvg scene={scene} focus={focus} linkTo="lineage" />
  ) : (
    <LineageCanvas scene={scene} focus={focus} />
  )
}

interface StepsProps {
  readonly label: string
  readonly name: 'up' | 'down'
  readonly chosen: string
  readonly focus: SiteNode
  readonly other: Readonly<Record<string, string>>
}

function Steps({ label, name, chosen, focus, other }: StepsProps): JSX.Element {
  return (
    <label>
      {label}
      <select
        value={chosen}
        onChange={(event) => {
          const given = Object.entries({ ...other, [name]: event.currentTarget.value })
          const query = Object.fromEntries(given.filter(([, value]) => value !== ''))
          location.hash = href('lineage', focus.id, query)
        }}
      >
        {STEPS.map((steps) => (
          <option key={steps} value={steps}>
            {steps === 'all' ? 'everything' : steps === '1' ? '1 step' : `${steps} steps`}
          </option>
        ))}
      </select>
    </label>
  )
}

function Legend(): JSX.Element {
  const { nodes } = useSite()
  const kinds = new Set(nodes.filter(isShown).map(({ kind }) => kind))
  return (
    <p class="legend">
      {KINDS.filter(([kind]) => kinds.has(kind)).map(([kind, , many]) => (
        <span key={kind}>
          <span class={`kind kind-${kind}`} />
          {many}
        </span>
      ))}
      {kinds.size === 0 ? null : (
        <span class="muted">
          {formatCount(nodes.filter(isShown).length)} nodes in the project. Drag to move, wheel to
          zoom.
        </span>
      )}
    </p>
  )
}

function stepsOf(text: string): number {
  const steps = Number(text)
  return Number.isInteger(steps) && steps >= 0 ? steps : Number.POSITIVE_INFINITY
}
