import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, isPostgresIn, signal } from './os-process.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { isPostmaster } from './running-server.ts'

/**
 * Clears what a killed postmaster left: its children and its lock file. A busy child notices only at the end of
 * its work that its server is gone (18 s were seen), and until then no new server may start. Children are
 * told by their current folder, which is the data directory, and ended as the postmaster itself does after a
 * crash: SIGQUIT, after 5 s SIGKILL. Call it only when no server runs and the claim is held.
 */
export async function endOrphans(
  data: string,
  report: (message: string) => void = () => undefined,
): Promise<void> {
  if (!existsSync(data)) return
  const orphans = processesIn(data)
  if (orphans.length > 0) {
    report(`ending ${orphans.length} processes of a PostgreSQL server that was killed`)
    for (const pid of orphans) signal(pid, 'SIGQUIT')
    const killAt = performance.now() + 5_000
    while (orphans.some(isAlive)) {
      if (performance.now() > killAt) for (const pid of orphans) signal(pid, 'SIGKILL')
      await sleep(20)
    }
  }
  const file = await readPostmasterFile(data)
  if (file !== undefined && (await isPostmaster(file.pid, data))) return
  // PostgreSQL believes the file when any process has its pid by now, even a zombie.
  await rm(join(data, 'postmaster.pid'), { force: true })
}

/** Empty where there is no /proc: there PostgreSQL's own check of its shared memory must do. */
function processesIn(folder: string): number[] {
  if (!existsSync('/proc/self/cwd')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isPostgresIn(pid, folder) === true && isAlive(pid))
}
