import { existsSync, rmSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { GmError } from '../../base/error.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import { loadSettings } from '../load-settings.ts'
import { tell } from '../tell.ts'

/** Removes what gm can make again: artifacts and caches. Never the embedded server's data, and nothing outside. */
export const cleanCommand: CommandAction = (_args, raw, io) => {
  const flags = parseFlags(GlobalFlags, raw)
  const { root, paths } = loadSettings(flags, io)
  for (const folder of [paths.target, '.gm/cache']) {
    const path = resolve(root, folder)
    const below = relative(root, path)
    if (below === '' || below === '..' || below.startsWith(`..${sep}`)) {
      throw new GmError('GM1010', `gm clean removes nothing outside of the project: ${folder}`, {
        hint: 'Remove that folder yourself, or leave --target-path out.',
      })
    }
    if (!existsSync(path)) continue
    rmSync(path, { recursive: true })
    tell('removed', { folder }, `removed ${folder}\n`, flags, io)
  }
  return Promise.resolve(EXIT.ok)
}
