import type { CheckConfig } from './config-tree.ts'
import type { ProjectDisk } from './project-disk.ts'
import type { EvaluateSetting } from './render-settings.ts'

export interface LoadOptions {
  /** Absolute; the project file is looked for here and above. */
  readonly startDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: {
    readonly target?: string | undefined
    readonly vars?: Readonly<Record<string, unknown>> | undefined
    readonly threads?: number | undefined
    /** Absolute or relative to `startDir`; nothing above it is looked at. */
    readonly projectDir?: string | undefined
    /** Absolute or relative to `startDir`. */
    readonly profilesDir?: string | undefined
    readonly profile?: string | undefined
  }
  /** `checkNodeConfig`. */
  readonly checkConfig: CheckConfig
  /** `evaluateSetting`. */
  readonly evaluate: EvaluateSetting
  /** Installed packages may be missing: the command is going to install them. */
  readonly allowsMissingPackages?: boolean
  /** The real one unless given. */
  readonly disk?: ProjectDisk
}
