/** What the shell gets. The same numbers for every command. */
export const EXIT = {
  ok: 0,
  /** A node or a test failed. */
  failed: 1,
  /** Nothing was run: usage, configuration, parse or compile errors, no database. */
  notRun: 2,
  /** `gm plan --detailed-exitcode`: all is well, and there is something to do, or rows differ. */
  changes: 3,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
