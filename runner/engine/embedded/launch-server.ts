import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SETTINGS_FILE } from './create-cluster.ts'
import { programPath } from './find-package.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { SERVER_ENV } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'
import { runAs } from './server-account.ts'
import { formatSettings, serverSettings } from './server-settings.ts'

const LOG_LIMIT_BYTES = 5_000_000

export interface Launch {
  readonly binaries: string
  readonly account: ServerAccount
  readonly data: string
  readonly log: string
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Starts PostgreSQL on a data directory so that it outlives gm, and waits until it takes connections or ends.
 * @returns what it wrote to its log when it ended at once, else undefined.
 */
export async function launchServer(launch: Launch): Promise<string | undefined> {
  const { account, data, log } = launch
  const conf = join(data, SETTINGS_FILE)
  await writeFile(conf, formatSettings({ ...(await serverSettings()), ...launch.settings }))
  if (account.kind === 'other') await chown(conf, account.uid, account.gid)
  const size = (await stat(log).catch(() => undefined))?.size ?? 0
  if (size > LOG_LIMIT_BYTES) await rename(log, `${log}.1`)

  const file = await open(log, 'a+', 0o600)
  if (account.kind === 'other') await file.chown(account.uid, account.gid)
  try {
    const { size: from } = await file.stat()
    const port = await freePort((await lastPort(data)) ?? 0)
    const hasEnded = await startProcess(launch, port, file.fd)
    for (;;) {
      // Asked before the file is read: a server that became ready and ended in between has ended.
      const ended = hasEnded()
      const status = (await readPostmasterFile(data))?.status
      if (ended) {
        const { size: to } = await file.stat()
        const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
        return buffer.toString()
      }
      if (status === 'ready') return undefined
      await sleep(5)
    }
  } finally {
    await file.close()
  }
}

/** @returns a function that tells whether the server has ended. */
async function startProcess(launch: Launch, port: number, log: number): Promise<() => boolean> {
  const { binaries, account, data } = launch
  if (platform() === 'win32') {
    // postgres.exe refuses administrators; pg_ctl takes their rights away first, and waits.
    const args = ['start', '-w', '-D', data, '-l', launch.log, '-o', `-p ${port}`]
    const started = spawn(programPath(binaries, 'pg_ctl'), args, { stdio: 'ignore' })
    const [code] = (await once(started, 'exit')) as [number | null]
    return () => code !== 0
  }
  const run = runAs(account, programPath(binaries, 'postgres'), ['-D', data, '-p', String(port)])
  let hasEnded = false
  const child = spawn(run.program, run.args, {
    ...run.identity,
    cwd: '/',
    env: SERVER_ENV,
    // A session of its own: Ctrl-C in the terminal is meant for gm.
    detached: true,
    stdio: ['ignore', log, log],
  })
  child.once('exit', () => {
    hasEnded = true
  })
  // Rejects when the program cannot be run at all.
  await once(child, 'spawn')
  child.unref()
  return () => hasEnded
}

/** The port of the last time, so that what a user noted stays true. PostgreSQL keeps its own command line in a file. */
async function lastPort(data: string): Promise<number | undefined> {
  const options = await readFile(join(data, 'postmaster.opts'), 'utf8').catch(() => '')
  const [, port] = /"-p" "(\d+)"/.exec(options) ?? []
  return port === undefined ? undefined : Number(port)
}

/** The wanted port where it is free, else any that is. */
async function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => {
      if (wanted === 0) reject(error)
      else resolve(freePort(0))
    })
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      )
    })
  })
}
