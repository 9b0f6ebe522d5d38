import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

interface PlotProps {
  readonly label: string
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[]
  readonly values: readonly (number | null)[]
  readonly format: (value: number) => string
  /** Whole things: an axis that counts them has no halves. */
  readonly isCount?: boolean
}

/** One figure over time. What it shows stands in a table beside it, so that readers of screens lose nothing. */
export function Plot({ label, times, values, format, isCount = false }: PlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = place.current
    if (element === null) return
    let plot: uPlot | undefined
    const draw = (): void => {
      plot?.destroy()
      plot = new uPlot(
        optionsOf(element, label, format, isCount),
        [[...times], [...values]],
        element,
      )
    }
    draw()
    const watch = new ResizeObserver(() => {
      plot?.setSize({ width: element.clientWidth, height: 150 })
    })
    watch.observe(element)
    addEventListener('themechange', draw)
    return () => {
      watch.disconnect()
      removeEventListener('themechange', draw)
      plot?.destroy()
    }
  }, [label, times, values])
  return (
    <figure class="plot">
      <figcaption>{label}</figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  )
}

/**
 * How ticks of the time axis read, by the seconds between them: a day as ISO 8601 writes it, hours up to 24. Of each: the
 * least distance, the text, and the texts that take its place where a year, a day or a minute begins; `1` adds it below.
 */
const TIMES: uPlot.Axis.Values = [
  [365 * 86_400, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * 86_400, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
]

const WHOLE = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((first) => first * 10 ** power),
).flat()

function optionsOf(
  element: HTMLElement,
  label: string,
  format: (value: number) => string,
  isCount: boolean,
): uPlot.Options {
  const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim()
  const font = '11px system-ui, sans-serif'
  const axis = {
    stroke: colour('--muted'),
    font,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: 150,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'UTC'),
    legend: { show: false },
    cursor: { y: false },
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    series: [
      {},
      {
        label,
        stroke: colour('--accent'),
        width: 1.5,
        fill: colour('--accent-soft'),
        points: { size: 6, fill: colour('--accent') },
      },
    ],
    axes: [
      { ...axis, grid: { show: false }, values: TIMES },
      {
        ...axis,
        size: 70,
        ...(isCount && { incrs: WHOLE }),
        values: (_plot, ticks) => ticks.map(format),
      },
    ],
  }
}
