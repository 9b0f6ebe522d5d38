import { cutToWidth } from '../../base/fit-width.ts'
import { formatDuration } from './format.ts'
import type { Style } from './style.ts'

export interface FooterState {
  /** Steps that run now, oldest first. */
  readonly running: readonly { readonly name: string; readonly startedMs: number }[]
  readonly done: number
  readonly total: number
  readonly startedMs: number
  readonly nowMs: number
  /** An interrupt came and the server is being told. */
  readonly cancelling: boolean
}

/** Running steps shown at most; the rest are counted. */
const MOST_SHOWN = 6

/** What a terminal shows below the lines while a run goes on; each line fits the width. None when nothing runs. */
export function footerLines(state: FooterState, width: number, style: Style): readonly string[] {
  const rows = state.running.slice(0, MOST_SHOWN).map(({ name, startedMs }) => {
    const time = formatDuration(state.nowMs - startedMs)
    return style.dim(cutToWidth(`  ${time.padStart(7)}  ${name}`, width - 1))
  })
  const hidden = state.running.length - MOST_SHOWN
  if (hidden > 0) rows.push(style.dim(`           and ${hidden} more`))
  const word = state.cancelling ? 'cancelling' : 'running'
  const summary = `${word}: ${state.done} of ${state.total} done, ${formatDuration(state.nowMs - state.startedMs)}`
  return ['', ...rows, style.bold(cutToWidth(summary, width - 1))]
}
