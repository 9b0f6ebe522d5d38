import { spawn } from 'node:child_process'
import { searchPath } from './os-process.ts'
import type { ServerAccount } from './server-account.ts'
import { runAs } from './server-account.ts'

/** What a server sees of the environment: nothing of the user's, whose PGPORT, PGDATA or locale would count. */
export const SERVER_ENV = { PATH: searchPath, LC_ALL: 'C', TZ: 'UTC' }

/** Runs one of PostgreSQL's programs to its end; gives the exit code and everything it wrote. */
export async function runProgram(
  account: ServerAccount,
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const run = runAs(account, program, args)
  return new Promise((resolve, reject) => {
    const child = spawn(run.program, run.args, {
      ...run.identity,
      cwd: '/',
      env: SERVER_ENV,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
