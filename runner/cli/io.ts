import { redact } from './redact.ts'

/** The outside world as the commands see it; tests give another. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether stdout is a terminal that can be redrawn. */
  readonly isTerminal: boolean
  readonly colour: boolean
  /** Columns; 100 where there is no terminal. */
  readonly width: () => number
  readonly now: () => Date
  /** Progress, reports and answers: stdout. The text is written as it is. */
  readonly out: (text: string) => void
  /** Errors and warnings: stderr, without passwords. */
  readonly err: (text: string) => void
  /** A value that must never show in messages from now on. */
  readonly addSecret: (secret: string | undefined) => void
  /** The text without passwords. */
  readonly safe: (text: string) => string
}

/** Whether to colour, by the conventions of no-color.org and of FORCE_COLOR. */
export function wantsColour(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (argv.includes('--no-color')) return false
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true
  return isTerminal && env['TERM'] !== 'dumb'
}

/** The process's own streams. Once a reader has gone away (`gm ls | head`) output is dropped and the work goes on. */
export function processIo(argv: readonly string[]): Io {
  const secrets = new Set<string>()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  const safe = (text: string): string => redact(text, secrets)
  return {
    env: process.env,
    cwd: process.cwd(),
    isTerminal,
    colour: wantsColour(argv, process.env, process.stdout.isTTY),
    width: () => (process.stdout.isTTY ? process.stdout.columns || 80 : 100),
    now: () => new Date(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(safe(text)),
    addSecret: (secret) => {
      if (secret !== undefined && secret !== '') secrets.add(secret)
    },
    safe,
  }
}
