import type { ExitCode } from './exit-code.ts'
import type { Io } from './io.ts'

/** What a command does with its arguments and its raw flags, which it checks itself. */
export type CommandAction = (
  args: readonly (string | readonly string[])[],
  flags: unknown,
  io: Io,
) => Promise<ExitCode>

export interface OptionSpec {
  /** As commander writes them: `-s, --select <selector...>`. */
  readonly flags: string
  readonly description: string
}

/** A command as data: what `--help` shows, and how to get the code that runs it. */
export interface CommandSpec {
  readonly name: string
  readonly summary: string
  /** Where the help lists it; `More` when not given. */
  readonly group?: 'Build' | 'Look' | 'Data' | 'Project'
  /** Other names of it. */
  readonly aliases?: readonly string[]
  /** As commander writes them: `<topic> <path...>`. */
  readonly arguments?: readonly { readonly name: string; readonly description: string }[]
  readonly options?: readonly OptionSpec[]
  /** Command lines that work when typed, with a word on each. */
  readonly examples?: readonly (readonly [command: string, meaning: string])[]
  readonly children?: readonly CommandSpec[]
  /** Loads the code only when the command runs: `gm ls` must not pay for a database driver. */
  readonly load?: () => Promise<CommandAction>
}
