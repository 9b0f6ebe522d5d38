import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { platform } from 'node:os'
import process from 'node:process'
import { promisify } from 'node:util'

/** Whether this process is root; never on Windows. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

export const ownPid = process.pid

/** Where programs are looked for. */
export const searchPath = process.env.PATH ?? '/usr/bin:/bin'

/** False for a zombie as well: it holds nothing any more, and where nobody reaps it stays for ever. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !['Z', 'X'].includes(procStat(pid)?.state ?? '')
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * A word that tells a process from any later one with the same pid. Linux: clock ticks from boot to its start.
 * Elsewhere always `0`, so that there a recycled pid passes for its predecessor.
 */
export function startMark(pid: number): string {
  return procStat(pid)?.startTicks ?? '0'
}

/**
 * Whether a process is a PostgreSQL that works in a folder. The postmaster and all its children have the data
 * directory as their current folder, whatever its path is called by now. Undefined where the system does not tell.
 */
export function isPostgresIn(pid: number, folder: string): boolean | undefined {
  try {
    const there = statSync(`/proc/${pid}/cwd`)
    const here = statSync(folder)
    const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    return there.dev === here.dev && there.ino === here.ino && command === 'postgres'
  } catch {
    return undefined
  }
}

/** What the system shows of a process: its command line, on Windows its program; undefined for none. */
export async function commandLine(pid: number): Promise<string | undefined> {
  try {
    if (platform() === 'win32') {
      const args = ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']
      return (await promisify(execFile)('tasklist', args)).stdout.trim() || undefined
    }
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}

function procStat(pid: number): { state: string; startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in brackets and may hold blanks and brackets itself.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '0' }
  } catch {
    return undefined
  }
}
