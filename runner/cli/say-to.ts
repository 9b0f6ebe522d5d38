import { GmError } from '../base/error.ts'
import type { Said } from '../parse/shared-scope.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import { warn } from './warn.ts'

/**
 * Shows what templates say while a command renders them. What they print() is an answer and goes to stdout, --quiet or
 * not; a warning is one of gm's, which the flags may make an error.
 *
 * @param inform takes what they log: where stdout holds an answer that is piped on, another stream.
 */
export function sayTo(
  root: string,
  flags: GlobalFlags,
  io: Io,
  inform: (text: string) => void,
): (said: Said) => void {
  return (said) => {
    if (said.how === 'warn') warn([warningOf(said)], root, flags, io)
    else if (said.how === 'print') {
      if (flags.print) io.out(io.safe(`${said.message}\n`))
    } else if (!flags.quiet) inform(io.safe(`${said.message}\n`))
  }
}

/** What `exceptions.warn()` says, as a warning of gm's. */
export function warningOf({ message, at, calledFrom }: Said): GmError {
  return new GmError('GM3007', message, { at, calledFrom })
}
