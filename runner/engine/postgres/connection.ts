import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import type { ClientConfig } from 'pg'
import { GmError } from '../../base/error.ts'
import type { Connection } from '../../project/project.ts'

/**
 * What every session of gm runs with; a target's own `options` come after and win.
 * The first three fix how values are written, whatever the server, database or role say.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO,YMD',
  intervalstyle: 'postgres',
  // `relation already exists, skipping` and the like, which nobody reads.
  client_min_messages: 'warning',
}

/**
 * How often a busy server looks whether gm is still there: a gm that was killed leaves no query behind for longer.
 * PostgreSQL 13 does not know the setting, and a server on Windows refuses it: see `openClient`.
 */
export const LIVENESS_SETTING = { client_connection_check_interval: '1000' } as const

/** What of a pg ClientConfig depends on the Connection alone, before TLS. Settings with undefined values are left out. */
export function clientConfig(
  connection: Connection,
  settings: Readonly<Record<string, string>> = {},
  applicationName = 'gm',
): ClientConfig {
  const all = { ...SESSION_SETTINGS, ...settings, ...connection.options }
  return {
    host: connection.host,
    port: connection.port,
    user: connection.user,
    password: connection.password,
    database: connection.database,
    connectionTimeoutMillis: connection.connectTimeoutMs,
    application_name: applicationName,
    keepAlive: true,
    options: Object.entries(all)
      .map(([name, value]) => `-c ${name}=${value.replace(/[\s\\]/g, '\\$&')}`)
      .join(' '),
  }
}

/** The value of pg's `ssl` for one attempt to connect. */
export type Tls = false | ConnectionOptions

/**
 * The attempts that libpq would make for an sslmode, in order: `allow` asks for TLS when the server refuses a plain
 * session, `prefer` the other way round. A certificate is checked whenever a root certificate is there, also for
 * `require`; verify-full checks the host's name as well.
 * Like libpq, takes the files of `~/.postgresql` when none are named.
 * @throws GmError GM1009 for a file that cannot be read, GM1003 for sslrootcert=system with a weak sslmode.
 */
export async function tlsAttempts(connection: Connection): Promise<readonly Tls[]> {
  const { sslmode } = connection
  // libpq never uses TLS on a Unix socket.
  if (sslmode === 'disable' || connection.host.startsWith('/')) return [false]
  const tls = await tlsOptions(connection)
  if (sslmode === 'allow') return [false, tls]
  if (sslmode === 'prefer') return [tls, false]
  return [tls]
}

async function tlsOptions(connection: Connection): Promise<ConnectionOptions> {
  const { sslmode } = connection
  const mustVerify = sslmode === 'verify-ca' || sslmode === 'verify-full'
  const usesSystemRoots = connection.sslrootcert === 'system'
  if (usesSystemRoots && sslmode !== 'verify-full') {
    throw new GmError('GM1003', `sslrootcert=system does not go with sslmode=${sslmode}`, {
      hint: 'Set sslmode to verify-full: anybody can get a certificate that a public authority has signed.',
    })
  }
  const ca = usesSystemRoots ? undefined : await readPem(connection.sslrootcert, 'root.crt')
  if (mustVerify && !usesSystemRoots && ca === undefined) {
    throw new GmError('GM1009', `sslmode=${sslmode} needs a root certificate and there is none`, {
      hint: 'Set sslrootcert to its file, or to system for the public authorities.',
    })
  }
  const cert = await readPem(connection.sslcert, 'postgresql.crt')
  const key = cert === undefined ? undefined : await readPem(connection.sslkey, 'postgresql.key')
  return {
    rejectUnauthorized: ca !== undefined || usesSystemRoots,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // Below verify-full the chain is checked and the name is not.
    ...(sslmode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

/** A named file must be there; libpq's default file may be missing. */
async function readPem(file: string | undefined, fallback: string): Promise<string | undefined> {
  try {
    return await readFile(file ?? join(homedir(), '.postgresql', fallback), 'utf8')
  } catch (cause) {
    if (file === undefined) return undefined
    throw new GmError('GM1009', `cannot read ${file}: ${(cause as Error).message}`, {
      hint: 'Check sslrootcert, sslcert and sslkey of the target.',
      cause,
    })
  }
}
