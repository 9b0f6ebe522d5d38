import type { CompileState } from '../compile/compiled.ts'
import { quoted } from '../manifest/quoted.ts'
import { allKeys } from './key-log.ts'

/** What compiling sees when all of every input is read, as on a first build. */
export function wholeState(
  vars: CompileState['vars'],
  talk: Pick<CompileState, 'runQuery' | 'say' | 'window'> = {},
): CompileState {
  return {
    isIncremental: false,
    vars,
    changes: (_input, relation) => quoted(relation),
    changedKeys: (_input, relation, columns) => allKeys(quoted(relation), columns),
    ...talk,
  }
}
