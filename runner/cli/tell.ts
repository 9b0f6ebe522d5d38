import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'

/**
 * Says what a command has done or found: as text, or with --log-format json as one object a line.
 * @param type what the line is about, such as `parsed`
 * @param text with its newlines; --quiet leaves it away
 */
export function tell(
  type: string,
  fields: object,
  text: string,
  flags: Pick<GlobalFlags, 'logFormat' | 'quiet'>,
  io: Io,
): void {
  if (flags.logFormat === 'json') {
    const entry = { time: io.now().toISOString(), level: 'info', type, ...fields }
    io.out(io.safe(`${JSON.stringify(entry)}\n`))
  } else if (!flags.quiet) io.out(io.safe(text))
}

/** An answer as JSON, indented for people and on one line where every line is to be an object. */
export function jsonAnswer(value: unknown, { logFormat }: Pick<GlobalFlags, 'logFormat'>): string {
  return `${JSON.stringify(value, null, logFormat === 'json' ? 0 : 2)}\n`
}
