import { GmError } from '../../base/error.ts'
import type { Project } from '../../project/project.ts'
import type { CommandAction } from '../command-spec.ts'
import { confirmByName } from '../confirm-by-name.ts'
import { connectionUrl } from '../connection-url.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags, ResetFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { reachServer } from '../reach-server.ts'

export const dbStartCommand: CommandAction = async (_args, raw, io) => {
  const project = embeddedProject(raw, io)
  const { startEmbedded } = await import('../../engine/embedded/start-embedded.ts')
  const server = await startEmbedded({
    root: project.root,
    database: project.target.database,
    report: (message) => io.err(`${message}\n`),
  })
  const word = server.isReused ? 'runs already' : 'has been started'
  const { host, port } = server.connection
  io.out(`PostgreSQL ${server.version} ${word} on ${host}:${port} (process ${server.pid}).\n`)
  return EXIT.ok
}

export const dbStopCommand: CommandAction = async (_args, raw, io) => {
  const project = embeddedProject(raw, io)
  const { stopEmbedded } = await import('../../engine/embedded/stop-embedded.ts')
  const stopped = await stopEmbedded(project.root)
  io.out(
    stopped ? 'PostgreSQL has been stopped; its data stays.\n' : 'PostgreSQL was not running.\n',
  )
  return EXIT.ok
}

export const dbStatusCommand: CommandAction = async (_args, raw, io) => {
  const project = embeddedProject(raw, io)
  const { embeddedStatus } = await import('../../engine/embedded/embedded-status.ts')
  const status = await embeddedStatus(project.root)
  const rows: [string, string | undefined][] = [
    ['state', status.state],
    ['version', status.version],
    ['port', status.port?.toString()],
    ['process', status.pid?.toString()],
    ['database', project.target.database],
    ['data', status.dataDirectory],
    ['size', status.sizeBytes === 0 ? undefined : `${Math.ceil(status.sizeBytes / 1_048_576)} MB`],
  ]
  for (const [name, value] of rows) {
    if (value !== undefined) io.out(`${name.padEnd(10)}${value}\n`)
  }
  return EXIT.ok
}

/** The one command that prints a password: that is what it is asked for. Starts the server, so that the URL works. */
export const dbUrlCommand: CommandAction = async (_args, raw, io) => {
  const project = loadSettings(parseFlags(GlobalFlags, raw), io)
  io.out(`${connectionUrl(await reachServer(project, io))}\n`)
  return EXIT.ok
}

export const dbResetCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(ResetFlags, raw)
  const project = embeddedProject(raw, io)
  const question = `Delete all data of ${project.name} in ${project.root}/.gm?`
  if (!flags.yes && !(await confirmByName(project, io, 'gm db reset', question))) {
    io.out('Nothing was deleted.\n')
    return EXIT.notRun
  }
  const { resetEmbedded } = await import('../../engine/embedded/reset-embedded.ts')
  const hadData = await resetEmbedded(project.root)
  io.out(
    hadData
      ? 'The database is gone; the next command begins an empty one.\n'
      : 'There was no database.\n',
  )
  return EXIT.ok
}

/** @throws GmError GM1010 when the target is a server that is not gm's to start, stop or delete. */
function embeddedProject(raw: unknown, io: Io): Project {
  const project = loadSettings(parseFlags(GlobalFlags, raw), io)
  if (project.target.type === 'embedded') return project
  throw new GmError(
    'GM1010',
    `the target ${project.target.name} is a server of its own, which gm does not start, stop or delete`,
    { hint: 'Choose a target of type embedded with --target; `gm db url` works with any.' },
  )
}
