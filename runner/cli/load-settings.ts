import { checkNodeConfig } from '../manifest/config-schema.ts'
import { loadProject } from '../project/load-project.ts'
import type { Project } from '../project/project.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'

/** The project's configuration as the flags and the environment make it. Its password is kept out of all messages. */
export function loadSettings(
  flags: GlobalFlags & { threads?: number | undefined },
  io: Io,
): Project {
  const project = loadProject({
    startDir: io.cwd,
    env: io.env,
    flags: {
      target: flags.target,
      vars: flags.vars,
      threads: flags.threads,
      projectDir: flags.projectDir,
    },
    checkConfig: checkNodeConfig,
  })
  io.addSecret(project.target.connection.password)
  return project
}
