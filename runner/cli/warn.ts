import type { GmError } from '../base/error.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import { readProjectFile } from './read-project-file.ts'
import { renderGmError } from './render/error.ts'
import { jsonError } from './render/json-event.ts'
import { styleFor } from './render/style.ts'

/** Shows what is probably a mistake and stops nothing, on stderr, so that answers on stdout stay clean. */
export function warn(
  warnings: readonly GmError[],
  root: string,
  flags: Pick<GlobalFlags, 'quiet' | 'logFormat'>,
  io: Io,
): void {
  if (flags.quiet) return
  const style = styleFor(io.colour)
  for (const warning of warnings) {
    const text =
      flags.logFormat === 'json'
        ? jsonError(warning, 'warn', io.now())
        : `${style.yellow('warning:')} ${renderGmError(warning, { style, readText: (file) => readProjectFile(root, file) })}`
    io.err(`${text}\n`)
  }
}
