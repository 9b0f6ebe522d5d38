import type { JSX } from 'preact'
import { formatCount } from '../format.ts'

interface ShowAllProps {
  /** Rows that there are, and those of them that show. */
  readonly found: number
  readonly shown: number
  /** What they are; left out where the page says it. */
  readonly what?: string
  readonly onShow: () => void
}

/** The way from the first rows of a long table to all of them. */
export function ShowAll({ found, shown, what = '', onShow }: ShowAllProps): JSX.Element | null {
  if (shown >= found) return null
  return (
    <button type="button" class="plain" onClick={onShow}>
      {`Show all ${formatCount(found)} ${what}`.trim()}
    </button>
  )
}
