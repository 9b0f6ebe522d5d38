import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'

/** Paper is narrower than the window: what the drawing shows is made smaller for it, rather than cut off. */
export function useFitToPaper(frame: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const svg = (): Element | null | undefined =>
      frame.current?.querySelector(':scope > svg:not([style])')
    const fit = (): void => {
      const { clientWidth = 0, clientHeight = 0 } = frame.current ?? {}
      svg()?.setAttribute('viewBox', `0 0 ${clientWidth} ${clientHeight}`)
    }
    const free = (): void => {
      svg()?.removeAttribute('viewBox')
    }
    addEventListener('beforeprint', fit)
    addEventListener('afterprint', free)
    return () => {
      removeEventListener('beforeprint', fit)
      removeEventListener('afterprint', free)
    }
  }, [frame])
}
