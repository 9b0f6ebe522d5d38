import type { Project } from './project.ts'

export interface ChosenTarget {
  readonly target: Project['target']
  /** All that there are to choose from; undefined where the environment alone says where to build. */
  readonly names?: readonly string[]
  /** What the target says over the project; undefined where it says nothing. */
  readonly threads: number | undefined
  readonly retries?: number | undefined
  readonly statementTimeoutSeconds?: number | undefined
}
