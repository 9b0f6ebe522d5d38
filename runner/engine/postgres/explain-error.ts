import type { Code } from '../../base/codes.ts'
import { GmError } from '../../base/error.ts'
import type { Connection } from '../../project/project.ts'
import { OUTSIDE_BATCH_HINT } from '../outside-batch.ts'
import { attachSqlError } from '../sql-error.ts'
import type { Statement } from '../statement.ts'

/** What pg's DatabaseError and Node's socket errors carry, as far as it is used here. */
interface DriverError extends Error {
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: string
  readonly where?: string
  readonly routine?: string
  readonly constraint?: string
  readonly column?: string
}

/** What was going on when the error came. */
export interface ErrorContext {
  readonly connection: Pick<Connection, 'host' | 'port' | 'user' | 'database' | 'sslmode'> &
    Partial<Pick<Connection, 'options'>>
  /** Whether the session was still being opened: a lost socket then means that nobody answered. */
  readonly isConnecting?: boolean
  readonly statement?: Statement | undefined
  /** Code points before the statement in the text that was sent. */
  readonly offset?: number
  /** The line of a copied file that is at fault, where that is known better than the server knows it. */
  readonly copyLine?: number | undefined
}

/**
 * The GmError for an error of pg or of the network. With a statement, `sqlErrorOf` gives SQLSTATE and offset.
 * A mistake in this program (TypeError and the like) is not explained but thrown again.
 * The password is in none of these errors: pg keeps it out of its own, and nothing here reads it.
 */
export function explainError(thrown: unknown, context: ErrorContext): GmError {
  if (thrown instanceof GmError) return thrown
  // An AggregateError of Node's happy eyeballs has an empty message; its first member says what happened.
  const first = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown
  const error: DriverError = first instanceof Error ? first : new Error(String(first))
  if (BUGS.some((type) => error instanceof type)) throw error
  const sqlState = sqlStateOf(error)
  const { code, message, hint } =
    sqlState === undefined
      ? explainNetwork(error, context)
      : explainServer(error, sqlState, context)
  const gmError = new GmError(code, message, { hint, cause: error })
  if (context.statement === undefined) return gmError
  const line = context.copyLine ?? /^COPY .*?, line (\d+)/m.exec(error.where ?? '')?.[1]
  return attachSqlError(gmError, {
    sqlState: sqlState ?? '08006',
    offset: offsetOf(error, context.offset ?? 0),
    statement: context.statement,
    ...(line === undefined ? {} : { copyLine: Number(line) }),
  })
}

const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError]

/** Where the server points in the text that it was sent: code points from 0. */
export function positionOf(thrown: unknown): number | undefined {
  const position = thrown instanceof Error ? (thrown as DriverError).position : undefined
  return position === undefined ? undefined : Number(position) - 1
}

/** The SQLSTATE of an error that the server sent; undefined for errors of the network and of Node. */
export function sqlStateOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as DriverError).code : undefined
  // Five characters alone would also take EPIPE.
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (thrown as object)
    ? code
    : undefined
}

/** No such role; not a member of it. */
const ROLE_REFUSED: ReadonlySet<string> = new Set(['22023', '42501'])

interface Explained {
  readonly code: Code
  readonly message: string
  readonly hint?: string | undefined
}

function offsetOf(error: DriverError, before: number): number | undefined {
  const position = positionOf(error)
  return position === undefined ? undefined : Math.max(0, position - before)
}

function explainServer(error: DriverError, sqlState: string, context: ErrorContext): Explained {
  const { host, port, user, database, options } = context.connection
  const role = options?.['role']
  const said = error.detail === undefined ? error.message : `${error.message}\n${error.detail}`
  const server = `${host}:${port}`
  if (sqlState === '23514' && error.constraint === '_gm_batch') {
    return {
      code: 'GM4030',
      message: 'a batch gives a row that lies outside of it',
      hint: OUTSIDE_BATCH_HINT,
    }
  }
  if (context.isConnecting === true && role !== undefined && ROLE_REFUSED.has(sqlState)) {
    return {
      code: 'GM4003',
      message: `${server} does not let "${user}" take on the role of the target: ${error.message}`,
      hint: `Create the role and grant it to "${user}", or set another role: in the target.`,
    }
  }
  switch (sqlState) {
    case '28P01':
    case '28000':
      return {
        code: 'GM4003',
        message: `${server} refused the login of "${user}": ${error.message}`,
        hint: 'Check user and password, and the rules in the server’s pg_hba.conf.',
      }
    case '3D000':
      return {
        code: 'GM4002',
        message: `there is no database "${database}" on ${server}`,
        hint: `Create it with: create database "${database.replaceAll('"', '""')}"`,
      }
    case '53300':
      return {
        code: 'GM4002',
        message: `${server} has no connection left: ${error.message}`,
        hint: 'Use fewer threads, or raise max_connections.',
      }
    case '57P03':
      return {
        code: 'GM4002',
        message: `${server} takes no connections yet: ${error.message}`,
        hint: 'Try again in a moment.',
      }
    case '57P01':
    case '57P02':
    case '57P04':
    case '57P05':
    case '25P03':
      return connectionLost(error.message, context)
    case '53100':
      return {
        code: 'GM4005',
        message: `the disk of ${server} is full: ${error.message}`,
        hint: 'Free some space and run again; what was committed is kept.',
      }
    case '42501':
      return {
        code: 'GM4013',
        message: said,
        hint:
          error.hint ??
          (error.message === `permission denied for database ${database}`
            ? `gm creates schemas: grant create on database "${database}" to "${role ?? user}"`
            : `Grant the privilege to "${role ?? user}", or log in as somebody who has it.`),
      }
    case '55P03':
      return {
        code: 'GM4011',
        message: said,
        hint: 'Another session holds a conflicting lock; pg_stat_activity shows whose.',
      }
    case '40P01':
      return { code: 'GM4011', message: said, hint: 'Nothing was changed; run it again.' }
    case '57014':
      // A query that somebody else cancelled by hand has the same SQLSTATE. The message is all there is to tell
      // them apart; in another language than English it counts as the far more common timeout.
      return error.message.includes('user request')
        ? {
            code: 'GM4001',
            message: `somebody cancelled the statement: ${error.message}`,
            hint: 'It was rolled back. Run again, or ask who has cancelled it, and why.',
          }
        : {
            code: 'GM4014',
            message: error.message,
            hint: 'Make the query cheaper, or raise statement_timeout_seconds in project.yml.',
          }
    // Says what ends the whole session as well; nothing of the transaction is left, and it would be over the time again.
    case '25P04':
      return {
        code: 'GM4014',
        message: error.message,
        hint: 'Nothing of it was kept. Make the step cheaper, or raise transaction_timeout of the role, the database or the server.',
      }
    case '23505':
      return {
        code: 'GM4009',
        message: said,
        hint: error.hint ?? 'The key is not unique in what the query returns; deduplicate it.',
      }
    case '23502':
      return {
        code: 'GM4009',
        message: said,
        hint: error.hint ?? 'The query returns null in a column that must not be null.',
      }
    case '21000':
      // The same SQLSTATE stands for a scalar subquery with two rows. Routine names are never translated.
      return error.routine?.startsWith('ExecOnConflict') === true ||
        error.routine?.startsWith('ExecMerge') === true
        ? {
            code: 'GM4009',
            message: said,
            hint: 'The query returns a key more than once; deduplicate it.',
          }
        : { code: 'GM4001', message: said, hint: error.hint }
    default:
      if (sqlState.startsWith('08')) return connectionLost(error.message, context)
      return { code: 'GM4001', message: said, hint: error.hint }
  }
}

/** What Node says with the address a second time. */
const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'no such host (ENOTFOUND)',
}

const NETWORK_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the server (the embedded one: gm db start), or check host and port.',
  ENOENT: 'Start the server, or check the folder of its socket.',
  ENOTFOUND: 'Check the host name.',
  EAI_AGAIN: 'The name server did not answer; check the network and the host name.',
}

/** What OpenSSL and Node call a certificate that they do not accept. */
const CERTIFICATE_ERROR = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/

function explainNetwork(error: DriverError, context: ErrorContext): Explained {
  const { host, port, sslmode } = context.connection
  const server = `${host}:${port}`
  if (context.isConnecting !== true) return connectionLost(error.message, context)
  if (error.message.startsWith('SASL')) {
    const isMissing = error.message.includes('client password must be')
    return {
      code: 'GM4003',
      message: isMissing
        ? `${server} asks for a password and none is configured`
        : `the login to ${server} failed: ${error.message}`,
      hint: isMissing ? 'Set the password of the target.' : undefined,
    }
  }
  if (error.message.includes('does not support SSL')) {
    return {
      code: 'GM4002',
      message: `${server} speaks no TLS and sslmode is ${sslmode}`,
      hint: 'Switch TLS on in the server, or set sslmode to prefer if the network can be trusted.',
    }
  }
  if (CERTIFICATE_ERROR.test(error.code ?? '')) {
    return {
      code: 'GM4002',
      message: `the certificate of ${server} is not accepted (sslmode ${sslmode}): ${error.message}`,
      hint: 'Point sslrootcert to the certificate of the authority that signed it; verify-full also needs the host’s own name in it.',
    }
  }
  const reason =
    error.message === 'timeout expired' ? 'no answer in time' : NETWORK_REASONS[error.code ?? '']
  return {
    code: 'GM4002',
    message: `cannot reach PostgreSQL at ${server}: ${reason ?? error.message}`,
    hint: NETWORK_HINTS[error.code ?? ''] ?? 'Check host, port and firewall.',
  }
}

function connectionLost(said: string, { connection }: ErrorContext): Explained {
  // pg's words for a socket that closed, and for a query on a client whose socket had closed.
  const isClosed = /not queryable|Connection terminated|ECONNRESET/.test(said)
  const reason = isClosed ? 'the server went away' : said
  return {
    code: 'GM4004',
    message: `the connection to ${connection.host}:${connection.port} was lost: ${reason}`,
    hint: 'Run the same command again; what was committed is kept, the rest was rolled back.',
  }
}
