import type { Project } from './project.ts'

export interface ChosenTarget {
  readonly target: Project['target']
  /** What the target says of threads. */
  readonly threads: number | undefined
}
