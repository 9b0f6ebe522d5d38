import { randomBytes } from 'node:crypto'
import { appendFile, chmod, chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { embeddedFailure } from './embedded-failure.ts'
import { programPath } from './find-package.ts'
import { runProgram } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'

/** The role that owns the embedded server. */
export const EMBEDDED_USER = 'gm'

/** Files of ours inside the data directory, which live and die with it. */
export const PASSWORD_FILE = 'gm.password'
export const SETTINGS_FILE = 'gm.conf'

/**
 * Makes a data directory with a role `gm`, a generated password in a file of mode 0600, UTF-8, and a sort order
 * that is the same on every system. It gets its name when it is complete, so that whatever has the name works.
 * @param fsync off for a cluster that nobody will miss.
 * @throws GmError GM4005, GM4006
 */
export async function createCluster(
  binaries: string,
  account: ServerAccount,
  data: string,
  fsync: boolean,
): Promise<void> {
  const unfinished = `${data}.new-${randomBytes(6).toString('hex')}`
  // Not inside: initdb wants an empty folder.
  const passwordFile = `${unfinished}.password`
  const owned = async (path: string): Promise<void> => {
    if (account.kind === 'other') await chown(path, account.uid, account.gid)
  }
  try {
    await mkdir(unfinished, { mode: 0o700 })
    await owned(unfinished)
    await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
    await owned(passwordFile)
    const { code, output } = await runProgram(account, programPath(binaries, 'initdb'), [
      `--pgdata=${unfinished}`,
      `--username=${EMBEDDED_USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--text-search-config=english',
      '--no-instructions',
      ...(fsync ? [] : ['--no-sync']),
    ])
    if (code !== 0) throw embeddedFailure('PostgreSQL could not make its data directory', output)
    await rename(passwordFile, join(unfinished, PASSWORD_FILE))
    await appendFile(join(unfinished, 'postgresql.conf'), `\ninclude '${SETTINGS_FILE}'\n`)
    await writeFile(join(unfinished, SETTINGS_FILE), '', { mode: 0o600 })
    await owned(join(unfinished, SETTINGS_FILE))
    await chmod(unfinished, 0o700)
    await rename(unfinished, data)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
    await rm(passwordFile, { force: true })
  }
}

/** Removes what an interrupted `createCluster` left. An initdb that is still writing there fails, which is as well. */
export async function removeUnfinishedClusters(data: string): Promise<void> {
  const folder = dirname(data)
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(data)}.new-`)) continue
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  }
}
