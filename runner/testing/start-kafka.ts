import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { fetchJars, missingJava } from '../../ingest/broker/fetch-jars.ts'
import { startBroker } from '../../ingest/broker/start-broker.ts'
import { isAlive, ownPid, startMark } from '../engine/embedded/os-process.ts'
import { REPOSITORY } from './gm.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A Kafka broker, `host:port`, and the folder of its jars; null where this machine cannot run one. */
    readonly kafka: { readonly address: string; readonly jars: string } | null
  }
}

const PREFIX = 'gm-kafka-'

/** Where the jars stay from one run of the tests to the next: outside the repository. */
export const JAR_CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gm')

/**
 * Gives the tests a Kafka broker in a temporary folder, which is stopped and deleted at the end. Without Java the
 * tests are skipped, and it is said; in CI that is an error.
 */
export default async function startKafka(tests: TestProject): Promise<() => Promise<void>> {
  const missing = await missingJava()
  if (missing !== undefined) {
    if ((process.env['CI'] ?? '') !== '') throw new Error(`no Kafka tests: ${missing}`)
    console.warn(`The tests with Kafka are skipped: ${missing}.`)
    tests.provide('kafka', null)
    return () => Promise.resolve()
  }
  await removeLeftOvers()
  const jars = await fetchJars(join(REPOSITORY, 'ingest/broker/pom.xml'), JAR_CACHE)
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${ownPid}-${startMark(ownPid)}-`))
  const broker = await startBroker({ jars, folder })
  tests.provide('kafka', { address: broker.address, jars })
  return async () => {
    await broker.stop('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

/** Folders of test runs that were killed; their brokers end with them. */
async function removeLeftOvers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const [pid, mark] = name.slice(PREFIX.length).split('-')
    if (isAlive(Number(pid)) && startMark(Number(pid)) === mark) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}
