import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { explainFailures } from './embedded-failure.ts'
import { layoutOf } from './layout.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { probeServer } from './probe-server.ts'
import { isPostmaster } from './running-server.ts'

export interface EmbeddedStatus {
  /** `starting` also stands for a server that is stopping or recovering. */
  readonly state: 'absent' | 'stopped' | 'starting' | 'running'
  readonly pid: number | undefined
  readonly port: number | undefined
  /** Such as `18.4` from a running server, `18` from stopped data. */
  readonly version: string | undefined
  readonly dataDirectory: string
  /** What the data directory takes on the disk, about; 0 when absent. */
  readonly sizeBytes: number
}

/**
 * What the embedded server of a project is doing. Changes nothing.
 * @throws GmError GM4006 when `.gm` belongs to another user.
 */
export async function embeddedStatus(root: string): Promise<EmbeddedStatus> {
  const { data } = layoutOf(resolve(root))
  const base = { dataDirectory: data, sizeBytes: await sizeOf(data) }
  const major = await explainFailures('PostgreSQL cannot be looked at', async () =>
    readFile(join(data, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }),
  )
  if (major === undefined) {
    return { ...base, state: 'absent', pid: undefined, port: undefined, version: undefined }
  }
  const version = major.trim()
  const file = await readPostmasterFile(data)
  if (file === undefined) {
    return { ...base, state: 'stopped', pid: undefined, port: undefined, version }
  }
  const { pid, port } = file
  const probe = await probeServer(data, port, 'postgres')
  if (probe.answer === 'ours')
    return { ...base, state: 'running', pid, port, version: probe.version }
  if (await isPostmaster(pid, data)) return { ...base, state: 'starting', pid, port, version }
  return { ...base, state: 'stopped', pid: undefined, port: undefined, version }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  let size = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    // A running server removes files while we look.
    size += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
  }
  return size
}
