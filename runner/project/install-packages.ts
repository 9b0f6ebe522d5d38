import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { load as parseYaml } from 'js-yaml'
import { GmError } from '../base/error.ts'
import { hidePassword } from '../base/hide-password.ts'
import type { Environment } from './environment.ts'
import { projectIn } from './find-project.ts'
import type { LockedPackage } from './package-lock.ts'
import type { ProjectDisk } from './project-disk.ts'
import type { PackageEntry } from './read-package-list.ts'
import { readPackageList } from './read-package-list.ts'
import { substituteEnv } from './substitute-env.ts'

export interface InstallRequest {
  /** Absolute. */
  readonly root: string
  /** `packages-install-path`. */
  readonly installPath: string
  readonly disk: ProjectDisk
  readonly env: Environment
  /** Commits of an earlier installation; a git package of the same address and revision stays at its commit. */
  readonly locked: readonly LockedPackage[]
  /** Told of each package before it is fetched. */
  readonly onPackage: (entry: PackageEntry) => void
}

/**
 * Installs the packages of packages.yml, and those that they ask for themselves: a local one as a link, a git one at a
 * commit. Needs the command `git`. Packages of the hub must be there already.
 * @throws GmError GM1013 what cannot be fetched, GM1012 a hub package that is not there; those of readPackageList.
 */
export function installPackages(request: InstallRequest): readonly LockedPackage[] {
  const { root, installPath, disk } = request
  const installed = new Map<string, LockedPackage>()
  const pending = [...readPackageList(root, disk).entries]
  for (let entry = pending.shift(); entry !== undefined; entry = pending.shift()) {
    request.onPackage(entry)
    const locked = install(entry, request)
    const before = installed.get(locked.name)
    if (before !== undefined) {
      if (JSON.stringify(before) === JSON.stringify(locked)) continue
      throw new GmError('GM1013', `two packages are called "${locked.name}"`, { at: entry.at })
    }
    installed.set(locked.name, locked)
    pending.push(...readPackageList(join(root, installPath, locked.name), disk).entries)
  }
  return [...installed.values()]
}

function install(entry: PackageEntry, request: InstallRequest): LockedPackage {
  switch (entry.kind) {
    case 'local':
      return linkLocal(entry, request)
    case 'git':
      return cloneGit(entry, request)
    case 'hub': {
      const name = entry.name.split('/').at(-1) ?? entry.name
      const folder = join(request.root, request.installPath, name)
      if (existsSync(folder)) return { name, package: entry.name, version: entry.version }
      throw new GmError('GM1012', `the package "${entry.name}" is not installed`, {
        at: entry.at,
        hint: 'gm does not download from the hub: run `dbt deps` once, or name its git repository.',
      })
    }
  }
}

function linkLocal(
  entry: Extract<PackageEntry, { kind: 'local' }>,
  request: InstallRequest,
): LockedPackage {
  const from = resolve(request.root, entry.folder)
  const name = nameOf(from, entry, request)
  const to = target(name, request)
  try {
    symlinkSync(relative(dirname(to), from), to, 'dir')
  } catch {
    // Windows lets not everybody make links.
    cpSync(from, to, { recursive: true })
  }
  return { name, local: entry.folder }
}

function cloneGit(
  entry: Extract<PackageEntry, { kind: 'git' }>,
  request: InstallRequest,
): LockedPackage {
  const { url: written, revision = 'HEAD', subdirectory } = entry
  const address: Address = {
    url: substituteEnv(written, request.env, entry.at),
    env: Object.fromEntries(request.env.names().map((name) => [name, request.env.get(name)])),
  }
  const known = request.locked.find((one) => one.git === entry.name && one.asked === revision)
  const folder = join(request.root, request.installPath)
  mkdirSync(folder, { recursive: true })
  const clone = mkdtempSync(join(folder, '.clone-'))
  try {
    git(['clone', '--quiet', '--', address.url, clone], entry, address)
    const commit =
      commitOf(clone, known?.revision ?? revision, entry, address) ??
      missing(entry, revision, known)
    git(['-C', clone, 'checkout', '--quiet', '--detach', commit], entry, address)
    const from = resolve(clone, subdirectory ?? '.')
    if (relative(clone, from).startsWith('..')) {
      throw new GmError('GM1013', 'the subdirectory lies outside of the repository', {
        at: entry.at,
      })
    }
    const name = nameOf(from, entry, request)
    rmSync(join(clone, '.git'), { recursive: true, force: true })
    renameSync(from, target(name, request))
    return {
      name,
      git: entry.name,
      revision: commit,
      asked: revision,
      ...(subdirectory !== undefined && { subdirectory }),
    }
  } finally {
    rmSync(clone, { recursive: true, force: true })
  }
}

/** A repository's address with its secrets, and the environment that git runs in. */
interface Address {
  readonly url: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A branch comes before a tag or commit of the same name, as dbt finds it; undefined when there is none of them. */
function commitOf(
  clone: string,
  revision: string,
  entry: PackageEntry,
  address: Address,
): string | undefined {
  for (const name of [`origin/${revision}`, revision]) {
    try {
      const args = ['-C', clone, 'rev-parse', '--verify', '--quiet', '--end-of-options']
      return git([...args, `${name}^{commit}`], entry, address).trim()
    } catch {
      // The next name may be the right one.
    }
  }
  return undefined
}

function missing(entry: PackageEntry, revision: string, known: LockedPackage | undefined): never {
  if (known !== undefined) {
    throw new GmError(
      'GM1013',
      `"${entry.name}" has no commit "${known.revision ?? ''}" any more, which package-lock.yml asks for`,
      { at: entry.at, hint: `Run \`gm deps --upgrade\` to take what "${revision}" is now.` },
    )
  }
  throw new GmError('GM1013', `"${entry.name}" has no branch, tag or commit "${revision}"`, {
    at: entry.at,
    hint: 'Correct revision.',
  })
}

function git(args: readonly string[], entry: PackageEntry, { url, env }: Address): string {
  try {
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // Never asks for a password, never runs a command that an address names.
      env: {
        ...env,
        GIT_TERMINAL_PROMPT: '0',
        GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
      },
    })
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: string; stderr?: string }
    // The address may hold a token that the file takes from the environment.
    const said = hidePassword(stderr.replaceAll(url, entry.name)).trim().split('\n').at(-1) ?? ''
    throw new GmError(
      'GM1013',
      code === 'ENOENT'
        ? 'the command git is not there'
        : `"${entry.name}" cannot be fetched: ${said}`,
      {
        at: entry.at,
        hint: code === 'ENOENT' ? 'Install git.' : 'Check the address and your access to it.',
      },
    )
  }
}

/** The name in a package's project file. */
function nameOf(folder: string, entry: PackageEntry, { disk }: InstallRequest): string {
  const file = projectIn(folder, (path) => disk.read(path))
  const { name } = file === undefined ? {} : ((parseYaml(file.text) ?? {}) as { name?: unknown })
  if (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name)) return name
  throw new GmError('GM1013', `"${entry.name}" is no package: it has no dbt_project.yml`, {
    at: entry.at,
    hint: 'Name the folder that holds it, with subdirectory for a git repository.',
  })
}

/** The folder of a package, free for it: what an earlier installation left there is gone. */
function target(name: string, { root, installPath }: InstallRequest): string {
  const folder = join(root, installPath)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  rmSync(path, { recursive: true, force: true })
  return path
}
