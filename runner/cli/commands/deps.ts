import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEnvironment } from '../../project/environment.ts'
import { installPackages } from '../../project/install-packages.ts'
import { LOCK_FILE, lockText, readLock } from '../../project/package-lock.ts'
import { PROJECT_DISK } from '../../project/project-disk.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { DepsFlags, parseFlags } from '../flags.ts'
import { loadSettings } from '../load-settings.ts'
import { plural } from '../render/format.ts'
import { tell } from '../tell.ts'

/** Installs the packages of packages.yml and writes what it installed to package-lock.yml. Needs no database. */
export const depsCommand: CommandAction = (_args, raw, io) => {
  const flags = parseFlags(DepsFlags, raw)
  const { root, packagesFolder } = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  const installed = installPackages({
    root,
    installPath: packagesFolder,
    disk: PROJECT_DISK,
    env: readEnvironment(io.env, PROJECT_DISK.read(join(root, '.env'))),
    locked: flags.upgrade ? [] : readLock(root, PROJECT_DISK),
    onPackage: ({ name }) => {
      tell('installing', { name }, `installing ${name}\n`, flags, io)
    },
  })
  if (installed.length > 0) writeFileSync(join(root, LOCK_FILE), lockText(installed))
  const names = installed.map(({ name }) => name)
  const text =
    names.length === 0
      ? 'No packages.yml or dependencies.yml asks for packages.\n'
      : `${plural(names.length, 'package')} installed in ${packagesFolder}: ${names.join(', ')}.\n`
  tell('installed', { names, folder: packagesFolder }, text, flags, io)
  return Promise.resolve(EXIT.ok)
}
