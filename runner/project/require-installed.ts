import { GmError, throwAll } from '../base/error.ts'
import type { Package } from './project.ts'
import type { ProjectDisk } from './project-disk.ts'
import { readPackageList } from './read-package-list.ts'

/**
 * @throws GmError or GmErrors GM1012 for packages that packages.yml or dependencies.yml asks for and nobody installed.
 *   Of git packages only the number can be told: what they are called stands in them.
 */
export function requireInstalled(
  root: string,
  installed: readonly Package[],
  disk: ProjectDisk,
): void {
  const { entries } = readPackageList(root, disk)
  const names = new Set(installed.map(({ name }) => name))
  const missing = entries.filter(
    (entry) => entry.kind === 'hub' && !names.has(entry.name.split('/').at(-1) ?? ''),
  )
  throwAll(
    missing.map(
      (entry) =>
        new GmError('GM1012', `the package "${entry.name}" is not installed`, {
          at: entry.at,
          hint: 'gm does not download from the hub: run `dbt deps` once, or name its git repository.',
        }),
    ),
  )
  const [first] = entries
  if (first !== undefined && installed.length < entries.length) {
    throw new GmError(
      'GM1012',
      `${entries.length === 1 ? '1 package is' : `${entries.length} packages are`} asked for, and ${installed.length === 0 ? 'none' : installed.length} installed`,
      { at: first.at, hint: 'Run `gm deps`.' },
    )
  }
}
