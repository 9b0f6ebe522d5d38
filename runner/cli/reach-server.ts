import { makeConnection } from '../project/connection.ts'
import type { Connection, Project, Target } from '../project/project.ts'
import type { Io } from './io.ts'

/** The connection of the target; an embedded server is started, or found running. */
export async function reachServer(project: Project, io: Io): Promise<Connection> {
  const { target } = project
  if (target.type === 'postgres') return target.connection
  const { startEmbedded } = await import('../engine/embedded/start-embedded.ts')
  const server = await startEmbedded({
    root: project.root,
    database: target.database,
    report: (message) => io.err(`${message}\n`),
  })
  return asTarget(server.connection, target)
}

/** The connection to an embedded server with what the target sets for its sessions: search_path and role. */
export function asTarget(server: Connection, target: Target): Connection {
  const { options } = target.connection
  return makeConnection({ ...server, password: server.password, options })
}
