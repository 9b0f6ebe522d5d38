import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Connection } from './project.ts'

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/**
 * A connection with libpq's defaults for what is not given. The password is not enumerable, so that no dump of a
 * project (JSON, console, error detail) can hold it.
 */
export function makeConnection(
  given: { readonly [K in keyof Connection]?: Connection[K] | undefined } & {
    readonly database: string
  },
): Connection {
  const connection = {
    host: given.host ?? 'localhost',
    port: given.port ?? 5432,
    user: given.user ?? 'postgres',
    database: given.database,
    sslmode: given.sslmode ?? 'prefer',
    sslrootcert: given.sslrootcert,
    sslcert: given.sslcert,
    sslkey: given.sslkey,
    connectTimeoutMs: given.connectTimeoutMs ?? 10_000,
    options: given.options ?? {},
  } satisfies Omit<Connection, 'password'>
  Object.defineProperty(connection, 'password', { value: given.password, enumerable: false })
  return Object.freeze(connection as Connection)
}

/** What a connection URL can say; without a database it gives none. */
export type UrlParts = { [K in keyof Connection]?: Connection[K] }

/**
 * Takes a `postgres://` or `postgresql://` URL apart, with libpq's parameters sslmode, sslrootcert, sslcert, sslkey,
 * connect_timeout (seconds) and host (the folder of a Unix socket).
 *
 * @throws GmError GM1003 no such URL, or an unknown parameter. The message never holds the URL.
 */
export function parseConnectionUrl(text: string, at: Location | undefined): UrlParts {
  // Without the slashes a URL is only a path, and a password in it would be taken for the name of a database.
  const url = /^postgres(ql)?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) {
    throw new GmError('GM1003', 'the connection URL cannot be read', {
      at,
      hint: 'GM_DATABASE_URL (or url of the target) has the form postgres://user@host:5432/database, the password after a colon behind the user; in it write %40 for @.',
    })
  }
  const parts: { -readonly [K in keyof Connection]?: Connection[K] } = {}
  if (url.hostname !== '') parts.host = decode(url.hostname, at).replace(/^\[(.*)\]$/, '$1')
  if (url.port !== '') parts.port = Number(url.port)
  if (url.username !== '') parts.user = decode(url.username, at)
  if (url.password !== '') parts.password = decode(url.password, at)
  if (url.pathname.length > 1) parts.database = decode(url.pathname.slice(1), at)
  for (const [key, value] of url.searchParams) readParameter(parts, key, value, at)
  return parts
}

const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout', 'host']

function readParameter(
  parts: { -readonly [K in keyof Connection]?: Connection[K] },
  key: string,
  value: string,
  at: Location | undefined,
): void {
  if (key === 'sslmode') {
    const mode = SSL_MODES.find((one) => one === value)
    if (mode === undefined) {
      throw new GmError('GM1003', `"sslmode" must be one of ${SSL_MODES.join(', ')}`, { at })
    }
    parts.sslmode = mode
  } else if (key === 'connect_timeout' && /^\d+$/.test(value)) {
    parts.connectTimeoutMs = Number(value) * 1000
  } else if (key === 'sslrootcert' || key === 'sslcert' || key === 'sslkey' || key === 'host') {
    parts[key] = value
  } else {
    throw new GmError('GM1003', `the connection URL has an unusable parameter "${key}"`, {
      at,
      hint: didYouMean(key, PARAMETERS) ?? `Possible: ${PARAMETERS.join(', ')}.`,
    })
  }
}

function decode(text: string, at: Location | undefined): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // No cause: its message could quote the password.
    throw new GmError('GM1003', 'the connection URL has a % that encodes nothing', {
      at,
      hint: 'Write % as %25.',
    })
  }
}
