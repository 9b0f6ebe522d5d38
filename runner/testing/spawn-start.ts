import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EmbeddedServer, StartOptions } from '../engine/embedded/start-embedded.ts'

export interface SpawnedStart {
  readonly child: ChildProcess
  /** Rejects with what the process wrote when it fails or is killed. */
  readonly server: Promise<EmbeddedServer & { readonly reports: readonly string[] }>
}

/**
 * Runs `startEmbedded` in a process of its own, as gm does, so that it can be killed, or be another user's.
 * @param how `source` is the folder that holds `runner/`, this repository unless given.
 */
export function spawnStart(
  options: Omit<StartOptions, 'report'>,
  how: {
    readonly uid?: number | undefined
    readonly path?: string
    readonly source?: string
  } = {},
): SpawnedStart {
  const source = how.source ?? resolve(import.meta.dirname, '../..')
  const module = pathToFileURL(`${source}/runner/engine/embedded/start-embedded.ts`).href
  const program = `
    import { startEmbedded } from ${JSON.stringify(module)}
    const reports = []
    const report = (message) => reports.push(message)
    const server = await startEmbedded({ ...${JSON.stringify(options)}, report })
    console.log(JSON.stringify({ ...server, reports }))`
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program],
    {
      cwd: '/',
      env: { ...process.env, ...(how.path === undefined ? {} : { PATH: how.path }) },
      ...(how.uid === undefined ? {} : { uid: how.uid, gid: how.uid }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const server = new Promise<Awaited<SpawnedStart['server']>>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => {
      if (code === 0) done(JSON.parse(output) as Awaited<SpawnedStart['server']>)
      else fail(new Error(`code ${code ?? 'none'}: ${errors}${output}`))
    })
  })
  // A test that kills the process does not look at its result.
  server.catch(() => undefined)
  return { child, server }
}
