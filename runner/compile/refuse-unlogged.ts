import type { GmErrorDetails } from '../base/error.ts'
import { GmError } from '../base/error.ts'
import { isLookedThrough } from '../manifest/followed-tables.ts'
import type { Node } from '../manifest/node.ts'

/** @throws GmError GM3009 for an input of changed_keys() whose lost keys gm cannot log, or may not. */
export function refuseUnlogged(
  input: Node,
  place: Pick<GmErrorDetails, 'at' | 'calledFrom'>,
): void {
  if (isLookedThrough(input)) {
    throw new GmError(
      'GM3009',
      `the keys that "${input.name}" loses are not logged: it is no table`,
      { ...place, hint: 'Follow the keys of the table that it reads.' },
    )
  }
  if (input.kind === 'source' && input.config.log_keys !== true) {
    throw new GmError(
      'GM3009',
      `the keys that source ${input.sourceName}.${input.name} loses are not logged`,
      {
        ...place,
        hint: 'Set log_keys: true in its config, so that gm may put triggers on the table; or use changes(), which follows new rows only.',
      },
    )
  }
}
