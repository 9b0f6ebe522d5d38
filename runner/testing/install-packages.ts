import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Installs Debian's packages where the tests may do that; gives whether they are there now. */
export function installPackages(...names: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false
  console.warn(`installing ${names.join(', ')} for the tests`)
  const options = {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  } as const
  try {
    execFileSync('apt-get', ['update'], options)
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...names], options)
    return true
  } catch {
    return false
  }
}
