import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../project/project.ts'

export const REPOSITORY = join(import.meta.dirname, '../..')

export interface Ended {
  /** null when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts the built command in a folder. */
export function startGm(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const child = spawn(process.execPath, [join(REPOSITORY, 'dist/gm.cjs'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
  return { child, ended }
}

/** Runs the built command to its end. @throws Error with all it said when the exit code is another than expected. */
export async function gm(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  expected: number | null = 0,
): Promise<Ended> {
  const ended = await startGm(cwd, args, env).ended
  if (ended.status !== expected) {
    throw new Error(
      `gm ${args.join(' ')} ended with ${String(ended.status)}:\n${ended.stdout}\n${ended.stderr}`,
    )
  }
  return ended
}

/** The settings that send gm to a test's database. */
export function databaseUrl(connection: Connection): Record<string, string> {
  const { host, port, user, password, database } = connection
  return {
    GM_DATABASE_URL: `postgres://${user}:${encodeURIComponent(password ?? '')}@${host}:${port}/${database}`,
  }
}

/** Copies what this repository's own project consists of into a folder. */
export function copyProject(root: string): void {
  copyParts(root, ['project.yml', 'models', 'macros', 'snapshots', 'seeds', 'tests', 'analyses'])
}

function copyParts(root: string, parts: readonly string[]): void {
  for (const part of parts) {
    cpSync(join(REPOSITORY, part), join(root, part), { recursive: true, force: true })
  }
}

/** A copy of this repository's own project, without the tool. */
export function copyOfProject(): { readonly root: string; readonly remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'gm-globalmart-'))
  copyProject(root)
  copyParts(root, ['ingest/mappings', 'ingest/samples'])
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}
