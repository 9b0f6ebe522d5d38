import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Scene } from '../lineage-scene.ts'
import { BOX } from '../lineage-scene.ts'

/** Where the drawing stands in its frame. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

interface PanZoom {
  readonly view: View
  /** By a factor around the middle; undefined fits the whole drawing. */
  readonly zoom: (factor: number | undefined) => void
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent) => void
    readonly onPointerMove: (event: PointerEvent) => void
    readonly onPointerUp: (event: PointerEvent) => void
    readonly onPointerCancel: (event: PointerEvent) => void
    readonly onClickCapture: (event: MouseEvent) => void
  }
}

const LEAST_SCALE = 0.04
const MOST_SCALE = 2.5
/** Below this names cannot be read: rather show a part. */
const READABLE_SCALE = 0.55
/** Pixels of a window that shows one column of nodes and a half. */
const NARROW = 600
/** Pixels that a pointer moves before a click becomes a drag. */
const DRAG = 4

/** Moving a drawing by dragging, by the wheel, and with two fingers. */
export function usePanZoom(
  frame: RefObject<HTMLElement | null>,
  scene: Scene,
  focus: number | undefined,
  isStill = false,
): PanZoom {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 })
  const pointers = useRef(new Map<number, { readonly x: number; readonly y: number }>())
  const moved = useRef(0)

  useEffect(() => {
    if (frame.current !== null && !isStill) setView(startView(frame.current, scene, focus))
  }, [scene, focus])

  useEffect(() => {
    const element = frame.current
    if (element === null || isStill) return
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault()
      const box = element.getBoundingClientRect()
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015))
      setView((before) => zoomed(before, factor, event.clientX - box.left, event.clientY - box.top))
    }
    // Passive handlers, which a framework adds, could not keep the page from scrolling.
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => {
      element.removeEventListener('wheel', onWheel)
    }
  }, [isStill])

  const onPointerMove = (event: PointerEvent): void => {
    const before = pointers.current.get(event.pointerId)
    if (before === undefined) return
    const now = { x: event.clientX, y: event.clientY }
    const [other] = [...pointers.current].filter(([id]) => id !== event.pointerId)
    pointers.current.set(event.pointerId, now)
    moved.current += Math.hypot(now.x - before.x, now.y - before.y)
    if (moved.current > DRAG && event.currentTarget instanceof Element) {
      event.currentTarget.setPointerCapture(event.pointerId)
    }
    if (other === undefined) {
      setView((old) => ({ ...old, x: old.x + now.x - before.x, y: old.y + now.y - before.y }))
      return
    }
    const [, still] = other
    const factor =
      Math.hypot(now.x - still.x, now.y - still.y) /
      Math.max(1, Math.hypot(before.x - still.x, before.y - still.y))
    const box = frame.current?.getBoundingClientRect()
    setView((old) => zoomed(old, factor, still.x - (box?.left ?? 0), still.y - (box?.top ?? 0)))
  }
  const release = (event: PointerEvent): void => {
    pointers.current.delete(event.pointerId)
  }
  return {
    view,
    zoom: (factor) => {
      const element = frame.current
      if (element === null) return
      if (factor === undefined) setView(fitted(element, scene, 0))
      else setView((old) => zoomed(old, factor, element.clientWidth / 2, element.clientHeight / 2))
    },
    handlers: {
      onPointerDown: (event) => {
        if (event.button !== 0) return
        moved.current = 0
        pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
      },
      onPointerMove,
      onPointerUp: release,
      onPointerCancel: release,
      onClickCapture: (event) => {
        if (moved.current <= DRAG) return
        event.preventDefault()
        event.stopPropagation()
      },
    },
  }
}

function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, view.scale * factor))
  const real = scale / view.scale
  return { x: x - (x - view.x) * real, y: y - (y - view.y) * real, scale }
}

function fitted(element: HTMLElement, scene: Scene, leastScale: number): View {
  const { clientWidth: width, clientHeight: height } = element
  const fit = Math.min(width / scene.width, height / scene.height, 1)
  const scale = Math.max(fit, leastScale)
  return {
    scale,
    x: Math.max(0, (width - scene.width * scale) / 2),
    y: Math.max(0, (height - scene.height * scale) / 2),
  }
}

/** All of it where that can be read, else the focus in the middle. */
function startView(element: HTMLElement, scene: Scene, focus: number | undefined): View {
  const whole = fitted(element, scene, READABLE_SCALE)
  const isCut =
    scene.width * whole.scale > element.clientWidth + 1 ||
    scene.height * whole.scale > element.clientHeight + 1
  const placed = scene.nodes.find(({ node }) => node.position === focus)
  if (!isCut) return whole
  if (placed === undefined) {
    // On a phone the whole of it would be dots: rather where the data comes from.
    if (element.clientWidth < NARROW) return { ...whole, x: 8 }
    return fitted(element, scene, LEAST_SCALE)
  }
  return {
    scale: whole.scale,
    x: element.clientWidth / 2 - (placed.x + BOX.width / 2) * whole.scale,
    y: element.clientHeight / 2 - (placed.y + BOX.height / 2) * whole.scale,
  }
}
