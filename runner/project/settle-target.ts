import { GmError } from '../base/error.ts'
import type { ChosenTarget } from './chosen-target.ts'
import type { Environment } from './environment.ts'
import type { PlaceOf } from './explain-issues.ts'
import { findProfile } from './find-profile.ts'
import type { LoadOptions } from './load-options.ts'
import type { ProjectDisk } from './project-disk.ts'
import type { ProjectFile } from './project-schema.ts'
import type { SettingScope } from './render-settings.ts'
import { isTemplate } from './render-settings.ts'
import { resolveTarget } from './resolve-target.ts'
import { targetFromEnvironment } from './target-from-environment.ts'

export interface TargetRequest {
  /** The project file, before its templates are filled in. */
  readonly raw: Partial<ProjectFile>
  readonly root: string
  /** Name of the project file. */
  readonly found: string
  readonly options: Pick<LoadOptions, 'startDir' | 'flags' | 'evaluate'>
  readonly disk: ProjectDisk
  readonly env: Environment
  /** Without a target. */
  readonly scope: SettingScope
  readonly placeOf: PlaceOf
}

/**
 * Where the project builds: a target of the project file, else one of the profile in profiles.yml, else what the
 * environment says, else the embedded server.
 *
 * @throws GmError as resolveTarget, findProfile and targetFromEnvironment.
 */
export function settleTarget(request: TargetRequest): ChosenTarget {
  const { raw, root, env, options, placeOf, disk } = request
  const { flags } = options
  const setting = (value: unknown): string | undefined => {
    if (typeof value !== 'string') return undefined
    return isTemplate(value) ? String(options.evaluate(value, request.scope)) : value
  }
  const defaultDatabase = `${raw.name ?? ''}_warehouse`
  const wanted = flags.target ?? setting(raw.target)
  const { targets } = raw
  if (typeof targets === 'object') {
    const below: PlaceOf = (path, part) => placeOf(['targets', ...path], part)
    return resolveTarget({
      targets,
      wanted,
      root,
      defaultDatabase,
      env,
      placeOf: below,
      mayHoldPassword: false,
    })
  }
  const name = flags.profile ?? setting(raw.profile)
  const profile =
    name === undefined
      ? undefined
      : findProfile(name, {
          root,
          startDir: options.startDir,
          profilesDir: flags.profilesDir,
          env,
          read: (path) => disk.read(path),
        })
  if (profile !== undefined) {
    const { outputs } = profile
    return resolveTarget({
      targets: outputs,
      // dbt's own default.
      wanted:
        wanted ?? profile.target ?? (Object.hasOwn(outputs, 'default') ? 'default' : undefined),
      root,
      defaultDatabase,
      env,
      placeOf: (path, part) => profile.placeOf(['outputs', ...path], part),
      mayHoldPassword: true,
    })
  }
  if (wanted !== undefined) {
    throw new GmError('GM1007', `unknown target "${wanted}": ${request.found} has no targets`, {
      at: raw.target === wanted ? placeOf(['target']) : undefined,
      hint:
        name === undefined
          ? 'Write it under targets, or leave the choice to the environment.'
          : `There is no profiles.yml with the profile "${name}" here or in ~/.dbt: write one, or pass --profiles-dir.`,
    })
  }
  return { target: targetFromEnvironment(env, defaultDatabase), threads: undefined }
}
