import { stat } from 'node:fs/promises'
import { platform } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GmError } from '../../base/error.ts'
import { explainFailures } from './embedded-failure.ts'
import { endOrphans } from './end-orphans.ts'
import { findPackage, programPath } from './find-package.ts'
import { layoutOf } from './layout.ts'
import { isAlive, signal } from './os-process.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { runProgram } from './run-program.ts'
import { isPostmaster } from './running-server.ts'
import { withClaim } from './with-claim.ts'

const STOP_LIMIT_MS = 60_000

/**
 * Stops the embedded server of a project: open transactions are rolled back, the data is written.
 * @returns whether one was running.
 * @throws GmError GM4006 when it does not end.
 */
export async function stopEmbedded(root: string): Promise<boolean> {
  const { folder, claims, data } = layoutOf(resolve(root))
  if ((await stat(folder).catch(() => undefined)) === undefined) return false
  return explainFailures('PostgreSQL could not be stopped', async () =>
    withClaim(claims, async () => stopServer(data, 'fast')),
  )
}

/**
 * The same for one who holds the claim. `immediate` leaves the data as a crash would, which costs nothing now and a
 * recovery at the next start.
 */
export async function stopServer(data: string, mode: 'fast' | 'immediate'): Promise<boolean> {
  const file = await readPostmasterFile(data)
  if (file === undefined || !(await isPostmaster(file.pid, data))) {
    await endOrphans(data)
    return false
  }
  await askToStop(file.pid, data, mode)
  if (await hasEnded(file.pid, STOP_LIMIT_MS)) return true
  // Nothing that was committed is lost; the next start recovers.
  await askToStop(file.pid, data, 'immediate')
  if (await hasEnded(file.pid, STOP_LIMIT_MS)) return true
  throw new GmError('GM4006', `PostgreSQL (process ${file.pid}) does not stop`, {
    hint: `End process ${file.pid} yourself.`,
  })
}

async function askToStop(pid: number, data: string, mode: 'fast' | 'immediate'): Promise<void> {
  if (platform() === 'win32') {
    const pgCtl = programPath(findPackage().folder, 'pg_ctl')
    await runProgram({ kind: 'self' }, pgCtl, ['stop', '-W', '-D', data, '-m', mode])
    return
  }
  signal(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
}

async function hasEnded(pid: number, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs
  while (isAlive(pid)) {
    if (performance.now() > until) return false
    await sleep(10)
  }
  return true
}
