import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GmError } from '../../runner/base/error.ts'

const run = promisify(execFile)

/** Why no broker can be started on this machine; undefined where one can. */
export async function missingJava(): Promise<string | undefined> {
  for (const program of ['java', 'mvn']) {
    try {
      await run(program, ['-version'])
    } catch {
      return `${program} is not there`
    }
  }
  return undefined
}

/**
 * The folder with the broker's jars, fetched by Maven into the cache the first time (44 MB). Two that fetch at once
 * do not disturb each other.
 * @param pom path of the pom that names the broker's version
 * @throws GmError GM7007 where Maven cannot fetch them
 */
export async function fetchJars(pom: string, cache: string): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cache, `kafka-${version}`)
  if (await exists(folder)) return folder
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, 'fetching-'))
  const target = `-DoutputDirectory=${draft}`
  try {
    const goals = ['dependency:copy-dependencies', target, '-DincludeScope=runtime']
    await run('mvn', ['-q', '-B', '-f', pom, ...goals], { maxBuffer: 16 * 1024 * 1024 })
    await rename(draft, folder)
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    // Somebody else was faster.
    if (await exists(folder)) return folder
    throw new GmError('GM7007', 'Maven cannot fetch the Kafka broker', {
      hint: 'Check that this machine reaches Maven Central or a mirror of it, or start a broker with `docker compose up kafka`.',
      cause,
    })
  }
  return folder
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
