import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { isAlive, ownPid, startMark } from '../engine/embedded/os-process.ts'
import { resetEmbedded } from '../engine/embedded/reset-embedded.ts'
import { startEmbedded } from '../engine/embedded/start-embedded.ts'
import type { Connection } from '../project/project.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A PostgreSQL server on which tests may create and drop databases. */
    readonly postgres: Connection
  }
}

const PREFIX = 'gm-test-'

/**
 * Gives the tests a PostgreSQL: the one of GM_TEST_PG_URL, or a new cluster in a temporary folder, which is
 * stopped and deleted at the end. A crash of a throw-away cluster costs nothing, so it does not wait for the disk.
 */
export default async function startPostgres(tests: TestProject): Promise<() => Promise<void>> {
  const url = process.env.GM_TEST_PG_URL
  if (url !== undefined && url !== '') {
    tests.provide('postgres', connectionOf(new URL(url)))
    return () => Promise.resolve()
  }
  await removeLeftOvers()
  const root = await mkdtemp(join(tmpdir(), `${PREFIX}${ownPid}-${startMark(ownPid)}-`))
  const remove = async (): Promise<void> => {
    await resetEmbedded(root)
    await rm(root, { recursive: true, force: true })
  }
  try {
    const { connection } = await startEmbedded({
      root,
      database: 'postgres',
      settings: {
        fsync: 'off',
        synchronous_commit: 'off',
        full_page_writes: 'off',
        shared_buffers: '128MB',
        max_connections: '200',
      },
    })
    tests.provide('postgres', connection)
  } catch (error) {
    await remove()
    throw error
  }
  return remove
}

/** Clusters of test runs that were killed. */
async function removeLeftOvers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const [pid, mark] = name.slice(PREFIX.length).split('-')
    if (isAlive(Number(pid)) && startMark(Number(pid)) === mark) continue
    const root = join(tmpdir(), name)
    await resetEmbedded(root)
    await rm(root, { recursive: true, force: true })
  }
}

function connectionOf(url: URL): Connection {
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    sslmode: 'prefer',
    sslrootcert: undefined,
    sslcert: undefined,
    sslkey: undefined,
    connectTimeoutMs: 10_000,
    options: {},
  }
}
