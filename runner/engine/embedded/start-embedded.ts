import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GmError } from '../../base/error.ts'
import type { Connection } from '../../project/project.ts'
import { createCluster, removeUnfinishedClusters } from './create-cluster.ts'
import { createDatabase } from './create-database.ts'
import { embeddedFailure, explainFailures } from './embedded-failure.ts'
import { endOrphans } from './end-orphans.ts'
import type { PostgresPackage } from './find-package.ts'
import { findPackage, programPath } from './find-package.ts'
import type { Launch } from './launch-server.ts'
import { launchServer } from './launch-server.ts'
import { layoutOf } from './layout.ts'
import { prepareBinaries, removeUnfinishedCopies } from './prepare-binaries.ts'
import { connectionTo } from './probe-server.ts'
import type { RunningServer } from './running-server.ts'
import { findRunningServer } from './running-server.ts'
import { prepareFolder, settle } from './settle.ts'
import { withClaim } from './with-claim.ts'

export interface StartOptions {
  /** Folder of project.yml; the server lives in `.gm` below it. */
  readonly root: string
  /** Created when it is missing. */
  readonly database: string
  /** Server settings on top of gm's own; they count when the server is started and not when it is reused. */
  readonly settings?: Readonly<Record<string, string>>
  /** Told what takes longer than a moment. */
  readonly report?: (message: string) => void
}

export interface EmbeddedServer {
  readonly connection: Connection
  readonly pid: number
  /** PostgreSQL's version, such as `18.4`. */
  readonly version: string
  readonly dataDirectory: string
  /** It ran already. */
  readonly isReused: boolean
}

/**
 * The embedded PostgreSQL of a project: the one that runs, or a new one, which stays when gm ends. Whatever was
 * killed at whatever moment before, and however many processes call this at once, all get the same working server.
 * @throws GmError GM4003, GM4005, GM4006
 */
export async function startEmbedded(options: StartOptions): Promise<EmbeddedServer> {
  const root = resolve(options.root)
  const report = options.report ?? (() => undefined)
  return explainFailures('PostgreSQL did not start', async () => {
    const { data } = layoutOf(root)
    const running = await findRunningServer(data, options.database, report)
    if (running !== undefined) return served(data, running, options.database, true)
    await prepareFolder(root)
    return withClaim(
      layoutOf(root).claims,
      async () => start(root, options, report),
      (pid) => report(`waiting for process ${pid}, which is starting or stopping PostgreSQL`),
    )
  })
}

async function start(
  root: string,
  options: StartOptions,
  report: (message: string) => void,
): Promise<EmbeddedServer> {
  const before = await findRunningServer(layoutOf(root).data, options.database, report)
  if (before !== undefined) return served(layoutOf(root).data, before, options.database, true)
  const source = findPackage()
  const { layout, account } = await settle(root, programPath(source.folder, 'postgres'))
  const { data } = layout
  await removeUnfinishedClusters(data)
  await removeUnfinishedCopies(layout.binaries)
  const binaries = await prepareBinaries(source, account, layout.binaries)
  if ((await stat(data).catch(() => undefined)) === undefined) {
    report(`creating an embedded PostgreSQL ${source.major} in ${data}`)
    await createCluster(binaries, account, data, options.settings?.fsync !== 'off')
  } else {
    await checkMajor(data, source)
  }
  const settings = options.settings ?? {}
  const launch = { binaries, account, data, log: layout.log, settings }
  const running = await bringUp(launch, options.database, report)
  return served(data, running, options.database, false)
}

/** Launches until it works, again for what another program can do meanwhile: take the port, hold the memory. */
async function bringUp(
  launch: Launch,
  database: string,
  report: (message: string) => void,
): Promise<RunningServer> {
  const { data, log } = launch
  let failure = ''
  for (let attempt = 0; attempt < 60; attempt++) {
    await endOrphans(data, report)
    failure = (await launchServer(launch)) ?? 'it ended at once'
    // Asked in any case: one that a killed gm had launched may have been first.
    const running = await findRunningServer(data, database, report)
    if (running !== undefined) return running
    if (/pre-existing shared memory block/.test(failure)) {
      if (attempt === 0) report('waiting for processes of a PostgreSQL server that was killed')
      await sleep(1_000)
    } else if (!/could not bind|already exists/.test(failure) || attempt > 5) break
  }
  throw embeddedFailure('PostgreSQL did not start', failure, log)
}

async function served(
  data: string,
  running: RunningServer,
  database: string,
  isReused: boolean,
): Promise<EmbeddedServer> {
  const connection = await connectionTo(data, running.port, database)
  if (!running.hasDatabase) await createDatabase(connection)
  return {
    connection,
    pid: running.pid,
    version: running.version,
    dataDirectory: data,
    isReused,
  }
}

/** A data directory works with its own major version only. */
async function checkMajor(data: string, source: PostgresPackage): Promise<void> {
  const major = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  if (major === source.major) return
  const what = major === '' ? 'no PostgreSQL data' : `data of PostgreSQL ${major}`
  throw new GmError(
    'GM4006',
    `${data} holds ${what}, and this gm brings PostgreSQL ${source.major}`,
    {
      hint: 'Go back to the version of gm that made it, or run gm db reset and build again.',
    },
  )
}
