import type { GmError } from '../base/error.ts'
import { throwAll } from '../base/error.ts'
import { ruleFor } from '../base/warnings.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import { readProjectFile } from './read-project-file.ts'
import { renderGmError } from './render/error.ts'
import { jsonError } from './render/json-event.ts'
import { styleFor } from './render/style.ts'
import { warningRules } from './warning-flags.ts'

/**
 * Shows what is probably a mistake and stops nothing, on stderr, so that answers on stdout stay clean.
 * @throws the warnings that the flags make errors of, all of them together.
 */
export function warn(
  warnings: readonly GmError[],
  root: string,
  flags: Pick<GlobalFlags, 'quiet' | 'logFormat' | 'warnError' | 'warnErrorOptions'>,
  io: Io,
): void {
  const rules = warningRules(flags)
  throwAll(warnings.filter(({ code }) => ruleFor(code, rules) === 'error'))
  if (flags.quiet) return
  const style = styleFor(io.colour)
  for (const warning of warnings) {
    if (ruleFor(warning.code, rules) === 'silence') continue
    const text =
      flags.logFormat === 'json'
        ? jsonError(warning, 'warn', io.now())
        : `${style.yellow('warning:')} ${renderGmError(warning, { style, readText: (file) => readProjectFile(root, file) })}`
    io.err(`${text}\n`)
  }
}
