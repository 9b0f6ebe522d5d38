import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { compileNode } from '../compile/compile-node.ts'
import type { NodeId } from '../manifest/node.ts'
import type { RunEvent, RunResult } from '../run/event.ts'
import type { RunRequest } from '../run/run-project.ts'
import { runProject } from '../run/run-project.ts'
import type { OpenWarehouse } from './connect.ts'
import type { RunFlags } from './flags.ts'
import type { Io } from './io.ts'
import { LogFile } from './log-file.ts'
import type { OpenProject } from './open-project.ts'
import { packageVersion } from './package-version.ts'
import type { RunScreen } from './run-screen.ts'

export interface NodesToRun {
  readonly command: string
  readonly flags: RunFlags
  readonly opened: OpenProject
  readonly selected: ReadonlySet<NodeId>
  readonly warehouse: OpenWarehouse
  readonly signal: AbortSignal
}

/** What run/ needs, from what the user asked for. */
export function runRequest(asked: NodesToRun, emit: (event: RunEvent) => void): RunRequest {
  const { flags, opened, warehouse } = asked
  const { project } = opened
  return {
    runId: randomBytes(6).toString('hex'),
    command: asked.command,
    manifest: opened.manifest,
    work: {
      order: opened.order,
      selected: asked.selected,
      testsGate: asked.command === 'build',
    },
    adapter: warehouse.adapter,
    compile: (node, state) => compileNode(node, opened.manifest, project, opened.templates, state),
    vars: project.vars,
    runQuery: warehouse.runQuery,
    targetName: project.target.name,
    version: packageVersion(),
    threads: project.threads,
    fullRefresh: flags.fullRefresh,
    allowDestructive: flags.allowDestructive,
    failFast: flags.failFast,
    lock: flags.lock,
    publishWaitMs: project.publishWaitMs,
    emit,
    signal: asked.signal,
  }
}

/**
 * Runs nodes with their screen and their log file.
 * @returns the result, and the path of the log.
 */
export async function runNodes(
  asked: NodesToRun,
  screen: RunScreen,
  io: Io,
): Promise<{ readonly result: RunResult; readonly logPath: string | undefined }> {
  const { project } = asked.opened
  const log = new LogFile(join(project.root, project.paths.logs), project.logRetentionDays, io.safe)
  try {
    const result = await runProject(
      runRequest(asked, (event) => {
        log.write(event, io.now())
        screen.show(event)
      }),
    )
    return { result, logPath: log.path }
  } finally {
    screen.stop()
    log.close()
  }
}
