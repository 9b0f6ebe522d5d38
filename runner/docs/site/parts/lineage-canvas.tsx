import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Scene, SceneEdge, SceneNode } from '../lineage-scene.ts'
import { BOX } from '../lineage-scene.ts'
import { href } from '../route.ts'
import type { View } from './pan-zoom.ts'
import { usePanZoom } from './pan-zoom.ts'

interface LineageCanvasProps {
  readonly scene: Scene
  readonly focus: number | undefined
}

/** Thousands of nodes: only what is in sight is drawn. A canvas says nothing to readers of screens, so a list follows. */
export function LineageCanvas({ scene, focus }: LineageCanvasProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [near, setNear] = useState<SceneNode | undefined>(undefined)
  const { view, zoom, handlers } = usePanZoom(frame, scene, focus)
  const grid = useMemo(() => toGrid(scene), [scene])
  const lit = near?.node.position ?? focus
  const picture = useRef<Picture | undefined>(undefined)
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const draw = (): void => {
      picture.current = show(element, picture.current, { scene, view, lit })
    }
    const redraw = (): void => {
      picture.current = undefined
      draw()
    }
    const request = requestAnimationFrame(draw)
    addEventListener('themechange', redraw)
    const watch = new ResizeObserver(draw)
    watch.observe(element)
    return () => {
      cancelAnimationFrame(request)
      removeEventListener('themechange', redraw)
      watch.disconnect()
    }
  }, [scene, view, lit])
  const nodeAt = (event: MouseEvent): SceneNode | undefined => {
    const box = canvas.current?.getBoundingClientRect()
    if (box === undefined) return undefined
    const x = (event.clientX - box.left - view.x) / view.scale
    const y = (event.clientY - box.top - view.y) / view.scale
    return grid.at(x, y)
  }
  return (
    <div class="lineage" ref={frame} {...handlers}>
      <canvas
        ref={canvas}
        aria-label={`Lineage of ${scene.nodes.length} nodes; the pages of the nodes list what each reads`}
        role="img"
        class={near === undefined ? undefined : 'near'}
        onMouseMove={(event) => {
          // What is dragged stays under the pointer.
          if (event.buttons === 0) setNear(nodeAt(event))
        }}
        onClick={(event) => {
          const found = nodeAt(event)
          if (found !== undefined) location.hash = href('lineage', found.node.id)
        }}
      />
      {near === undefined ? null : (
        <p class="hint">
          <b>{near.node.name}</b> {near.node.summary}
        </p>
      )}
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
    </div>
  )
}

/** A text with at most so many characters. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

interface Grid {
  readonly at: (x: number, y: number) => SceneNode | undefined
}

const CELL = 256

function toGrid(scene: Scene): Grid {
  const cells = new Map<string, SceneNode[]>()
  const key = (x: number, y: number): string => `${Math.floor(x / CELL)}:${Math.floor(y / CELL)}`
  for (const placed of scene.nodes) {
    const { x, y } = placed
    const keys = new Set([
      key(x, y),
      key(x + BOX.width, y),
      key(x, y + BOX.height),
      key(x + BOX.width, y + BOX.height),
    ])
    for (const one of keys) {
      const list = cells.get(one)
      if (list === undefined) cells.set(one, [placed])
      else list.push(placed)
    }
  }
  const isIn = (placed: SceneNode, x: number, y: number): boolean =>
    x >= placed.x && x <= placed.x + BOX.width && y >= placed.y && y <= placed.y + BOX.height
  return { at: (x, y) => cells.get(key(x, y))?.find((placed) => isIn(placed, x, y)) }
}

interface Shown {
  readonly scene: Scene
  readonly view: View
  readonly lit: number | undefined
}

/** The drawing as it is around what is in sight: while it is dragged, it is moved and not drawn again. */
interface Picture extends Shown {
  readonly image: HTMLCanvasElement
  readonly ratio: number
  /** Size of the frame, and what the image has beyond it on every side, in pixels of the page. */
  readonly width: number
  readonly height: number
  readonly margin: number
}

/** Of the shorter side of the frame. */
const MARGIN = 0.4

/** Shows the scene, from the picture where that has all that is in sight, else from a new one, which is given back. */
function show(canvas: HTMLCanvasElement, known: Picture | undefined, shown: Shown): Picture {
  const ratio = devicePixelRatio
  const width = canvas.clientWidth
  const height = canvas.clientHeight
  const isOf =
    known !== undefined &&
    known.scene === shown.scene &&
    known.lit === shown.lit &&
    known.ratio === ratio &&
    known.width === width &&
    known.height === height &&
    known.view.scale === shown.view.scale &&
    Math.abs(known.view.x - shown.view.x) <= known.margin &&
    Math.abs(known.view.y - shown.view.y) <= known.margin
  const picture = isOf ? known : paint(canvas, shown, { ratio, width, height })
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
  const context = canvas.getContext('2d')
  context?.clearRect(0, 0, canvas.width, canvas.height)
  context?.drawImage(
    picture.image,
    Math.round((shown.view.x - picture.view.x - picture.margin) * ratio),
    Math.round((shown.view.y - picture.view.y - picture.margin) * ratio),
  )
  return picture
}

function paint(
  canvas: HTMLCanvasElement,
  shown: Shown,
  frame: Pick<Picture, 'ratio' | 'width' | 'height'>,
): Picture {
  const { ratio, width, height } = frame
  const margin = Math.round(Math.min(width, height) * MARGIN)
  const image = document.createElement('canvas')
  image.width = Math.round((width + 2 * margin) * ratio)
  image.height = Math.round((height + 2 * margin) * ratio)
  const context = image.getContext('2d')
  const { x, y, scale } = shown.view
  if (context !== null) {
    context.scale(ratio, ratio)
    const size = { width: width + 2 * margin, height: height + 2 * margin }
    const view = { x: x + margin, y: y + margin, scale }
    drawScene(context, getComputedStyle(canvas), size, { ...shown, view })
  }
  return { ...shown, ...frame, image, margin }
}

function drawScene(
  context: CanvasRenderingContext2D,
  style: CSSStyleDeclaration,
  { width, height }: { readonly width: number; readonly height: number },
  { scene, view, lit }: Shown,
): void {
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  context.translate(view.x, view.y)
  context.scale(view.scale, view.scale)
  const left = -view.x / view.scale
  const top = -view.y / view.scale
  const right = left + width / view.scale
  const bottom = top + height / view.scale
  const isEdgeSeen = ({ from, to }: SceneEdge): boolean =>
    to.x >= left &&
    from.x + BOX.width <= right &&
    Math.max(from.y, to.y) + BOX.height >= top &&
    Math.min(from.y, to.y) <= bottom

  // One path for all edges: stroking each by itself takes ten times as long.
  context.lineWidth = Math.max(1, 0.6 / view.scale)
  context.strokeStyle = colour('--edge')
  context.beginPath()
  const litEdges: SceneEdge[] = []
  for (const edge of scene.edges) {
    if (!isEdgeSeen(edge)) continue
    if (edge.from.node.position === lit || edge.to.node.position === lit) litEdges.push(edge)
    else addEdge(context, edge, view.scale)
  }
  context.stroke()
  context.strokeStyle = colour('--accent')
  context.lineWidth *= 1.8
  context.beginPath()
  for (const edge of litEdges) addEdge(context, edge, 1)
  context.stroke()

  const isReadable = view.scale > 0.35
  const seen = scene.nodes.filter(
    ({ x, y }) => x <= right && x + BOX.width >= left && y <= bottom && y + BOX.height >= top,
  )
  context.font = '13px system-ui, sans-serif'
  context.textBaseline = 'middle'
  const kinds = new Map<string, SceneNode[]>()
  for (const placed of seen) {
    const list = kinds.get(placed.node.kind)
    if (list === undefined) kinds.set(placed.node.kind, [placed])
    else list.push(placed)
  }
  if (isReadable) {
    context.fillStyle = colour('--panel')
    for (const { x, y } of seen) context.fillRect(x, y, BOX.width, BOX.height)
    context.strokeStyle = colour('--line')
    context.lineWidth = 1
    for (const { x, y } of seen) context.strokeRect(x, y, BOX.width, BOX.height)
  }
  for (const [kind, nodes] of kinds) {
    context.fillStyle = colour(`--kind-${kind}`)
    for (const { x, y } of nodes) context.fillRect(x, y, isReadable ? 4 : BOX.width, BOX.height)
  }
  if (isReadable) {
    context.fillStyle = colour('--text')
    for (const { node, x, y } of seen)
      context.fillText(clip(node.name, 23), x + 14, y + BOX.height / 2)
  }
  const focused = seen.find(({ node }) => node.position === lit)
  if (focused !== undefined) {
    context.strokeStyle = colour('--accent')
    context.lineWidth = 2 / Math.min(1, view.scale)
    context.strokeRect(focused.x, focused.y, BOX.width, BOX.height)
  }
}

function addEdge(context: CanvasRenderingContext2D, edge: SceneEdge, scale: number): void {
  const { from, to, fromY: y, toY } = edge
  const x = from.x + BOX.width
  context.moveTo(x, y)
  // From afar nobody sees the curve.
  if (scale < 0.35) {
    context.lineTo(to.x, toY)
    return
  }
  const middle = (x + to.x) / 2
  context.bezierCurveTo(middle, y, middle, toY, to.x, toY)
}
