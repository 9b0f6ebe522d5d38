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

/**
 * The server that runs on a data directory and answers, or undefined when none does. Waits for one that is
 * starting (recovery after a crash may take minutes) or stopping.
 * @throws GmError GM4003 when it is ours and refuses the stored password.
 */
export async function findRunningServer(
  data: string,
  database: string,
  report: (message: string) => void = () => undefined,
): Promise<RunningServer | undefined> {
  const tell = reportAfter(1_000, () =>
    report('waiting for PostgreSQL, which is starting or stopping'),
  )
  for (;;) {
    const file = await readPostmasterFile(data)
    if (file === undefined) return undefined
    const { pid, port, status } = file
    if (status === 'ready') {
      const probe = await probeServer(data, port, database)
      if (probe.answer === 'ours') return { pid, port, ...probe }
      if (probe.answer === 'refused' && (await isPostmaster(pid, data))) {
        throw new GmError('GM4003', `the embedded server refused gm's login: ${probe.reason}`, {
          hint: 'Its password was changed. Set it back to what .gm/postgres/gm.password says, or run gm db reset.',
        })
      }
    }
    if (!(await isPostmaster(pid, data))) return undefined
    tell()
    await sleep(10)
  }
}

/** Whether a process is a PostgreSQL that works on a data directory. False for a pid that another program got since. */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  return isPostgresIn(pid, data) ?? (await commandLine(pid))?.includes(data) ?? false
}

function reportAfter(waitMs: number, report: () => void): () => void {
  const since = performance.now()
  let told = false
  return () => {
    if (told || performance.now() - since < waitMs) return
    told = true
    report()
  }
}
