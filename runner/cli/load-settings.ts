import { checkNodeConfig } from '../manifest/config-schema.ts'
import { loadProject } from '../project/load-project.ts'
import type { Project } from '../project/project.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'

/** Flags that change the configuration, over project.yml and the environment. */
export type SettingFlags = GlobalFlags & {
  readonly threads?: number | undefined
  readonly asOf?: string | undefined
}

/** The project's configuration as the flags and the environment make it. Its password is kept out of all messages. */
export function loadSettings(flags: SettingFlags, io: Io): Project {
  const project = loadProject({
    startDir: io.cwd,
    env: io.env,
    flags: {
      target: flags.target,
      // A variable, so that models read it like any other.
      vars: flags.asOf === undefined ? flags.vars : { ...flags.vars, as_of: flags.asOf },
      threads: flags.threads,
      projectDir: flags.projectDir,
    },
    checkConfig: checkNodeConfig,
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
