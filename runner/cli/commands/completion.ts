import { RootCommand } from '@bomb.sh/tab'
import { GmError } from '../../base/error.ts'
import { didYouMean } from '../../base/nearest.ts'
import { collectPrinted } from '../collect-printed.ts'
import type { CommandAction } from '../command-spec.ts'
import { COMPLETION_SCRIPTS } from '../completion-scripts.ts'
import { EXIT } from '../exit-code.ts'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell']

/** Prints the script that teaches a shell to complete gm's words. */
export const completionCommand: CommandAction = ([shell], _raw, io) => {
  const name = String(shell)
  if (!SHELLS.includes(name)) {
    throw new GmError('GM1010', `gm knows no completion for "${name}"`, {
      hint: didYouMean(name, SHELLS) ?? `There are ${SHELLS.join(', ')}.`,
    })
  }
  io.out(
    COMPLETION_SCRIPTS[name] ?? collectPrinted(() => new RootCommand().setup('gm', 'gm', name)),
  )
  return Promise.resolve(EXIT.ok)
}
