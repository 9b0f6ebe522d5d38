import type { Pair } from './measure.ts'

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
