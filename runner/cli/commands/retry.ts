import { GmError } from '../../base/error.ts'
import type { LastRun } from '../../state/last-run.ts'
import { readLastRun } from '../../state/last-run.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, RetryFlags, RunFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import type { GoesOn, RunCommandName } from './run.ts'
import { isRunCommand, runWith } from './run.ts'

/**
 * Runs again what the last run of this project and target did not finish, as that run was asked for it. The ledger is
 * asked and no files, so it works after a crash as well, and on another machine.
 */
export const retryCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(RetryFlags, raw)
  const { command, then, left, hooksLeft, done, resumed, hasHooksLeft } = await lastRun(flags, io)
  if (left.length === 0 && !hasHooksLeft) {
    if (!flags.quiet) io.out(`The last run (gm ${command}) finished all that it was asked for.\n`)
    return EXIT.ok
  }
  const again: RunFlags = {
    // What that gm did not have yet keeps its default.
    ...parseFlags(RunFlags, {}),
    ...then,
    ...flags,
    target: flags.target ?? then.target,
    profile: flags.profile ?? then.profile,
    profilesDir: flags.profilesDir ?? then.profilesDir,
    threads: flags.threads ?? then.threads,
    failFast: flags.failFast || then.failFast === true,
    vars: flags.vars === undefined ? then.vars : { ...then.vars, ...flags.vars },
  }
  return await runWith(command, again, io, { left, hooksLeft, done, resumed })
}

interface ToGoOnWith extends GoesOn {
  readonly command: RunCommandName
  readonly then: Partial<RunFlags>
  /** It came to its last node, and not to the end of the project's hooks. */
  readonly hasHooksLeft: boolean
}

/** @throws GmError GM4017 when there is no run that can be gone on with. */
async function lastRun(flags: Parameters<typeof loadSettings>[0], io: Io): Promise<ToGoOnWith> {
  const project = loadSettings(flags, io)
  const warehouse = await connect(project, io)
  let last: LastRun | undefined
  try {
    const session = await warehouse.adapter.open()
    last = await readLastRun(session, project.name, project.target.name).finally(() =>
      session.close(),
    )
  } finally {
    await warehouse.close()
  }
  if (last === undefined) {
    throw new GmError('GM4017', 'there is no run to go on with', {
      hint: `gm retry goes on with the last run of ${project.name} on the target ${project.target.name}. Begin with gm build.`,
    })
  }
  if (last.status === 'running') {
    throw new GmError('GM4017', `run ${last.id} (gm ${last.command}) is still going on`, {
      hint: 'Wait for it to end.',
    })
  }
  const { command, flags: then } = last
  if (then === undefined || !isRunCommand(command)) {
    throw new GmError('GM4017', `gm ${command} was the last to run, and cannot be gone on with`, {
      hint: 'gm retry goes on with build, run, seed, snapshot and test. Give the command again: what is there already stays.',
    })
  }
  const { status, left, hooksLeft, done, resumed } = last
  const hasEnded = status === 'success' || status === 'warn'
  const hasHooksLeft = !hasEnded && project.onRunEnd.length > 0
  return { command, then, left, hooksLeft, done, resumed, hasHooksLeft }
}
