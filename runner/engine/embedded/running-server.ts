import { setTimeout as sleep } from 'node:timers/promises'
import { GmError } from '../../base/error.ts'
import { commandLine, isAlive, isPostgresIn } from './os-process.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { probeServer } from './probe-server.ts'

export interface RunningServer {
  readonly pid: number
  readonly port: number
  /** PostgreSQL's version, such as `18.4`. */
  readonly version: string
  readonly hasDatabase: boolean
}

/** A server that is ready answers within milliseconds; one that is stopped or swapped out may need a while. */
const ANSWER_LIMIT_MS = 60_000

/**
 * The server that runs on a data directory and answers, or undefined when none does. Waits for one that is
 * starting (recovery after a crash may take minutes) or stopping.
 * @throws GmError GM4002 when it is ours and does not answer, GM4003 when it refuses the stored password.
 */
export async function findRunningServer(
  data: string,
  database: string,
  report: (message: string) => void = () => undefined,
): Promise<RunningServer | undefined> {
  const since = performance.now()
  let isReported = false
  for (;;) {
    const file = await readPostmasterFile(data)
    if (file === undefined) return undefined
    const { pid, port, status } = file
    const probe = status === 'ready' ? await probeServer(data, port, database) : undefined
    if (probe?.answer === 'ours') return { pid, port, ...probe }
    if (!(await isPostmaster(pid, data))) return undefined
    if (probe?.answer === 'refused') {
      throw new GmError('GM4003', `the embedded server refused gm's login: ${probe.reason}`, {
        hint: `Its password was changed. Set it back to what ${data}/gm.password says, or run gm db reset.`,
      })
    }
    const waitedMs = performance.now() - since
    if (probe !== undefined && waitedMs > ANSWER_LIMIT_MS) {
      throw new GmError('GM4002', `the embedded server (process ${pid}) does not answer`, {
        hint: 'Close connections to it, or run gm db stop.',
      })
    }
    if (!isReported && waitedMs > 1_000) {
      report(`waiting for PostgreSQL (process ${pid}), which is ${status ?? 'starting'}`)
      isReported = true
    }
    await sleep(10)
  }
}

/** Whether a process is a PostgreSQL that works on a data directory. False for a pid that another program got since. */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const known = isPostgresIn(pid, data)
  if (known !== undefined) return known
  const command = (await commandLine(pid)) ?? ''
  return command.includes(data) || command.includes('postgres.exe')
}
