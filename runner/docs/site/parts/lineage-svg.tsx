import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import type { Scene, SceneEdge, SceneNode } from '../lineage-scene.ts'
import { BOX, edgePath } from '../lineage-scene.ts'
import { href } from '../route.ts'
import { useFitToPaper } from './fit-to-paper.ts'
import { clip } from './lineage-canvas.tsx'
import type { View } from './pan-zoom.ts'
import { usePanZoom } from './pan-zoom.ts'

interface LineageSvgProps {
  readonly scene: Scene
  /** The node that the drawing is about. */
  readonly focus: number | undefined
  readonly linkTo: 'node' | 'lineage'
  /** Of the focus: the column that the drawing is about. */
  readonly column?: string
  /** A drawing in a page is as high as its nodes and does not move. */
  readonly isStill?: boolean
}

/** Up to some hundred nodes: every box is a link, and arrow keys walk along the edges. */
export function LineageSvg({
  scene,
  focus,
  linkTo,
  column,
  isStill = false,
}: LineageSvgProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null)
  const [near, setNear] = useState<number | undefined>(undefined)
  const { view, zoom, handlers } = usePanZoom(frame, scene, focus, isStill)
  const lit = near ?? focus
  useFitToPaper(frame)
  const edges = useMemo(() => scene.edges.map((edge) => ({ edge, path: edgePath(edge) })), [scene])
  return (
    <div class={isStill ? 'lineage still' : 'lineage'} ref={frame} {...(isStill ? {} : handlers)}>
      <svg
        role="group"
        aria-label="Lineage: arrow keys walk from node to node"
        {...(isStill
          ? { viewBox: `0 0 ${scene.width} ${scene.height}`, style: stillSize(scene) }
          : {})}
        onKeyDown={(event) => {
          walk(event, scene)
        }}
      >
        <g transform={isStill ? undefined : transformOf(view)}>
          {edges.map(({ edge, path }) => (
            <path
              key={path}
              d={path}
              class={edgeClass(edge, isAt(edge.from, lit) || isAt(edge.to, lit))}
            >
              {edge.how === undefined ? null : <title>{edge.how}</title>}
            </path>
          ))}
          {scene.nodes.map((placed) => (
            <Box
              key={placed.node.position}
              placed={placed}
              isFocus={isAt(placed, focus)}
              column={column}
              to={href(linkTo, placed.node.id)}
              onNear={setNear}
            />
          ))}
        </g>
      </svg>
      {isStill ? null : (
        <div class="zoom" role="group" aria-label="Size of the drawing">
          <button
            type="button"
            onClick={() => {
              zoom(1.25)
            }}
            aria-label="Larger"
          >
            +
          </button>
          <button
            type="button"
            onClick={() => {
              zoom(0.8)
            }}
            aria-label="Smaller"
          >
            −
          </button>
          <button
            type="button"
            onClick={() => {
              zoom(undefined)
            }}
          >
            Fit
          </button>
        </div>
      )}
    </div>
  )
}

interface BoxProps {
  readonly placed: SceneNode
  readonly isFocus: boolean
  readonly column: string | undefined
  readonly to: string
  readonly onNear: (position: number | undefined) => void
}

function Box({ placed, isFocus, column, to, onNear }: BoxProps): JSX.Element {
  const { node, x, y, height, columns } = placed
  const hasTrouble = node.status === 'error' || (node.tests?.fail ?? 0) > 0
  const middle = y + BOX.height / 2
  const near = (): void => {
    onNear(node.position)
  }
  const away = (): void => {
    onNear(undefined)
  }
  return (
    <g>
      <a
        href={to}
        data-position={node.position}
        class={isFocus ? 'box focus' : 'box'}
        aria-current={isFocus ? 'true' : undefined}
        aria-label={`${node.kind} ${node.name}${hasTrouble ? ', has failures' : ''}`}
        onPointerEnter={near}
        onPointerLeave={away}
        onFocus={near}
        onBlur={away}
      >
        <title>{node.name}</title>
        <rect x={x} y={y} width={BOX.width} height={height} rx="6" />
        <rect
          class={`bar kind-${node.kind}`}
          x={x}
          y={y}
          width="4"
          height={height}
          rx="2"
          style={node.colour === undefined ? undefined : { fill: node.colour }}
        />
        <text aria-hidden="true" x={x + 14} y={middle} dy="0.35em">
          {clip(node.name, hasTrouble ? 20 : 23)}
        </text>
        {hasTrouble ? <circle class="spot bad" cx={x + BOX.width - 12} cy={middle} r="4" /> : null}
      </a>
      {columns.map((name, i) => (
        <a
          key={name}
          class={isFocus && name === column ? 'box-column focus' : 'box-column'}
          href={href('lineage', node.id, { column: name })}
          aria-label={`column ${name} of ${node.name}`}
        >
          <title>{name}</title>
          <rect
            x={x + 4}
            y={y + BOX.height + i * BOX.line}
            width={BOX.width - 4}
            height={BOX.line}
          />
          <text aria-hidden="true" x={x + 22} y={y + BOX.height + (i + 0.5) * BOX.line} dy="0.35em">
            {clip(name, 22)}
          </text>
        </a>
      ))}
    </g>
  )
}

function edgeClass({ how }: SceneEdge, isLit: boolean): string {
  const kind = how?.startsWith('condition') === true ? ' faint' : how === undefined ? '' : ' fine'
  return isLit ? `edge lit${kind}` : `edge${kind}`
}

function isAt({ node }: SceneNode, position: number | undefined): boolean {
  return node.position === position
}

function transformOf({ x, y, scale }: View): string {
  return `translate(${x},${y}) scale(${scale})`
}

/** At full size where it fits; never larger. */
function stillSize(scene: Scene): Readonly<Record<string, string>> {
  return { width: `${scene.width}px`, maxWidth: '100%', maxHeight: '420px', height: 'auto' }
}

/** Left to what a node reads, right to what reads it, up and down within its layer. */
function walk(event: KeyboardEvent, scene: Scene): void {
  const box = event.target instanceof Element ? event.target.closest('[data-position]') : null
  const here = scene.nodes.find(
    ({ node }) => String(node.position) === box?.getAttribute('data-position'),
  )
  if (here === undefined) return
  const next = nextOf(event.key, here, scene)
  if (next === undefined) return
  event.preventDefault()
  const svg = event.currentTarget as Element
  svg.querySelector<SVGAElement>(`[data-position="${next.node.position}"]`)?.focus()
}

function nextOf(key: string, here: SceneNode, scene: Scene): SceneNode | undefined {
  const nearest = (nodes: readonly SceneNode[]): SceneNode | undefined =>
    [...nodes].sort((a, b) => Math.abs(a.y - here.y) - Math.abs(b.y - here.y))[0]
  const layer = scene.nodes.filter(({ x }) => x === here.x)
  switch (key) {
    case 'ArrowLeft':
      return nearest(scene.edges.filter(({ to }) => to === here).map(({ from }) => from))
    case 'ArrowRight':
      return nearest(scene.edges.filter(({ from }) => from === here).map(({ to }) => to))
    case 'ArrowUp':
      return nearest(layer.filter(({ y }) => y < here.y))
    case 'ArrowDown':
      return nearest(layer.filter(({ y }) => y > here.y))
    default:
      return undefined
  }
}
