/** What the shell gets. The same four numbers for every command. */
export const EXIT = {
  ok: 0,
  /** A node or a test failed. */
  failed: 1,
  /** Nothing was run: usage, configuration, parse or compile errors, no database. */
  notRun: 2,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
