import { homedir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { GmError } from '../base/error.ts'
import { nearest } from '../base/nearest.ts'
import type { Environment } from './environment.ts'
import type { Path, PlaceOf } from './explain-issues.ts'
import { substituteEnv } from './substitute-env.ts'
import { parseYaml } from './yaml-with-places.ts'

/** One profile of profiles.yml. */
export interface Profile {
  readonly outputs: Readonly<Record<string, unknown>>
  /** The target that the profile names itself. */
  readonly target: string | undefined
  /** Places of paths that begin in the profile. */
  readonly placeOf: PlaceOf
}

export interface ProfileSearch {
  readonly root: string
  readonly startDir: string
  /** `--profiles-dir`, relative to `startDir`. */
  readonly profilesDir: string | undefined
  readonly env: Environment
  readonly read: (path: string) => string | undefined
}

/**
 * The profile of a name, from the first profiles.yml that dbt would read: in `--profiles-dir`, else here, else in
 * the project, else in `~/.dbt`. Undefined when there is no such file.
 *
 * @throws GmError GM1001 no file in a folder that was named, GM1004 YAML syntax, GM1007 no such profile, GM1003 one
 *   without outputs.
 */
export function findProfile(name: string, search: ProfileSearch): Profile | undefined {
  const found = profilesFile(search)
  if (found === undefined) return undefined
  const yaml = parseYaml(found.text, found.file)
  const profiles = isMapping(yaml.value) ? yaml.value : {}
  const names = Object.keys(profiles).filter((key) => key !== 'config')
  if (!Object.hasOwn(profiles, name)) {
    const close = nearest(name, names)
    throw new GmError('GM1007', `${found.file} has no profile "${name}"`, {
      at: yaml.placeOf([]),
      hint:
        close === undefined
          ? `The profiles are ${names.join(', ')}; profile: in the project file names one of them.`
          : `Did you mean "${close}"?`,
    })
  }
  const profile = profiles[name]
  const placeOf = (path: Path, part?: 'key' | 'value') => yaml.placeOf([name, ...path], part)
  if (!isMapping(profile) || !isMapping(profile['outputs'])) {
    throw new GmError('GM1003', `the profile "${name}" has no outputs`, {
      at: placeOf([]),
      hint: 'Write outputs: with the settings of each target below it.',
    })
  }
  const { target } = profile
  return {
    outputs: profile['outputs'],
    target:
      typeof target === 'string'
        ? substituteEnv(target, search.env, placeOf(['target'], 'value'))
        : undefined,
    placeOf,
  }
}

function profilesFile(search: ProfileSearch): { file: string; text: string } | undefined {
  const { root, startDir, profilesDir, read } = search
  const folders =
    profilesDir === undefined
      ? [startDir, root, join(homedir(), '.dbt')]
      : [resolve(startDir, profilesDir)]
  for (const folder of folders) {
    const path = join(folder, 'profiles.yml')
    const text = read(path)
    // A file of the project is named as the others are.
    if (text !== undefined) {
      const below = relative(root, path)
      return { file: below.startsWith('..') ? path : below.replaceAll(sep, '/'), text }
    }
  }
  if (profilesDir === undefined) return undefined
  throw new GmError('GM1001', `no profiles.yml in ${folders[0] ?? ''}`, {
    hint: 'Correct --profiles-dir (or DBT_PROFILES_DIR).',
  })
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
