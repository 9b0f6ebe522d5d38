import type { Pair } from './measure.ts'
import { median } from './measure.ts'

/** One line of the results: what was measured, against what, and what was promised. */
export interface Finding {
  readonly name: string
  readonly floorName: string
  readonly pair: Pair
  /** `none` where nothing was promised. */
  readonly target: string
  readonly isMet: boolean
}

export type Case = () => Promise<readonly Finding[]>

/** What took so many seconds, of which the median is promised to be no more than `most`. */
export function timed(name: string, seconds: readonly number[], most: number): Finding {
  const wallSeconds = median(seconds)
  const ours = { wallSeconds, cpuSeconds: Number.NaN, peakMiB: Number.NaN }
  return {
    name,
    floorName: '',
    pair: {
      ours,
      floor: undefined,
      wallRatio: undefined,
      cpuRatio: undefined,
      rounds: seconds.length,
    },
    target: `≤ ${most} s`,
    isMet: wallSeconds <= most,
  }
}
