import { gmErrorsOf } from '../base/error.ts'
import type { Manifest } from '../manifest/node.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import { openProject } from './open-project.ts'
import { plural } from './render/format.ts'
import { jsonError } from './render/json-event.ts'
import { styleFor } from './render/style.ts'

/**
 * The project's nodes, for a command that can do without them; undefined where its files have errors, which one line on stderr says.
 * @param without what the command does not know then, as a clause.
 */
export function manifestIfReadable(
  flags: GlobalFlags,
  io: Io,
  without: string,
): Manifest | undefined {
  try {
    return openProject(flags, io).manifest
  } catch (thrown) {
    const [first, ...others] = gmErrorsOf(thrown) ?? []
    if (first === undefined) throw thrown
    if (flags.quiet) return undefined
    if (flags.logFormat === 'json') io.err(`${jsonError(first, 'warn', io.now())}\n`)
    else {
      const [line = ''] = String(first).split('\n')
      const more = others.length === 0 ? '' : ` (and ${plural(others.length, 'more error')})`
      const warning = styleFor(io.colour).yellow('warning:')
      io.err(io.safe(`${warning} ${without}, as the project cannot be read: ${line}${more}\n`))
    }
    return undefined
  }
}
