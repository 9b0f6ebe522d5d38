import { checkNodeConfig } from '../manifest/config-schema.ts'
import { evaluateSetting } from '../parse/evaluate-setting.ts'
import { loadProject } from '../project/load-project.ts'
import type { Project } from '../project/project.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'

/** Flags that change the configuration, over project.yml and the environment. */
export type SettingFlags = GlobalFlags & {
  readonly threads?: number | undefined
  readonly asOf?: string | undefined
  /** The command is about to install them, or needs none. */
  readonly allowsMissingPackages?: boolean
}

/** The project's configuration as the flags and the environment make it. Its password is kept out of all messages. */
export function loadSettings(flags: SettingFlags, io: Io): Project {
  const project = loadProject({
    startDir: io.cwd,
    env: io.env,
    flags: {
      target: flags.target,
      vars: flags.asOf === undefined ? flags.vars : { ...flags.vars, ...asOfVars(flags.asOf) },
      threads: flags.threads,
      projectDir: flags.projectDir,
      profilesDir: flags.profilesDir,
      profile: flags.profile,
    },
    allowsMissingPackages: flags.allowsMissingPackages ?? false,
    checkConfig: checkNodeConfig,
    evaluate: evaluateSetting,
  })
  io.addSecret(project.target.connection.password)
  return {
    ...project,
    paths: {
      ...project.paths,
      target: flags.targetPath ?? project.paths.target,
      logs: flags.logPath ?? project.paths.logs,
    },
  }
}

/** Variables, so that models read them like any other: `as_of` is the day; `as_of_time` is there when a moment was told. */
export function asOfVars(asOf: string): Readonly<Record<string, string>> {
  const [day = asOf, time] = asOf.split('T')
  if (time === undefined) return { as_of: day }
  return { as_of: day, as_of_time: `${day} ${time.slice(0, -1)}` }
}
