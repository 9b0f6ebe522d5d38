import type { Connection } from '../../project/project.ts'
import { layoutOf } from './layout.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { connectionTo } from './probe-server.ts'

export { isServerOf } from './probe-server.ts'

export interface RunningConnection {
  readonly connection: Connection
  /** The data directory that `isServerOf` must find the server on: until then the connection is only what a file claims. */
  readonly data: string
}

/**
 * The connection to the embedded server of a project that says to be ready. What comes of it saves a login and no more: whoever gets
 * nowhere with it asks `startEmbedded`, which knows what to do.
 */
export async function runningConnection(
  root: string,
  database: string,
): Promise<RunningConnection | undefined> {
  const { data } = layoutOf(root)
  const file = await readPostmasterFile(data)
  if (file?.status !== 'ready') return undefined
  try {
    return { connection: await connectionTo(data, file.port, database), data }
  } catch {
    return undefined
  }
}
