import type { Project } from './project.ts'

export interface ChosenTarget {
  readonly target: Project['target']
  /** What the target says over the project; undefined where it says nothing. */
  readonly threads: number | undefined
  readonly retries?: number | undefined
  readonly statementTimeoutSeconds?: number | undefined
}
