import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What `postmaster.pid` in a data directory says. It outlives a killed server, so it is a claim and no proof. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** PostgreSQL's own word; undefined in the first moments of a start. */
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | undefined
}

/** Undefined when there is none, or when it is not written yet. */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.trim())
  // A minus marks PostgreSQL's single-user mode.
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isInteger(pid) || pid === 0) return undefined
  const status = lines[7]
  return {
    pid,
    port: Number(lines[3] ?? 0),
    status:
      status === 'starting' || status === 'stopping' || status === 'ready' || status === 'standby'
        ? status
        : undefined,
  }
}
