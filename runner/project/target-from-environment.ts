import { GmError } from '../base/error.ts'
import type { UrlParts } from './connection.ts'
import { makeConnection, parseConnectionUrl } from './connection.ts'
import type { Environment } from './environment.ts'
import type { Target } from './project.ts'

/** One way of naming a server by environment variables; the documents of GlobalMart have two for each. */
interface Family {
  readonly host: string
  readonly port: string
  readonly database: string
  readonly user: string
  readonly password: string
}

const family = (prefix: string, database: string): Family => ({
  host: `${prefix}_HOST`,
  port: `${prefix}_PORT`,
  database: `${prefix}_${database}`,
  user: `${prefix}_USER`,
  password: `${prefix}_PASSWORD`,
})

const WAREHOUSE = [family('WAREHOUSE_DB', 'NAME'), family('POSTGRES_WAREHOUSE', 'DB')]
const REALTIME = [family('REALTIME_DB', 'NAME'), family('POSTGRES_REALTIME', 'DB')]

/**
 * The target of a project without `targets:`. GM_DATABASE_URL, else WAREHOUSE_DB_*, else POSTGRES_WAREHOUSE_* name a
 * server; when none of them is set, or only a database's name, it is the embedded server.
 *
 * @throws GmError GM1003 a value that cannot be used; GM1011 the variables of the real-time database name another place.
 */
export function targetFromEnvironment(env: Environment, defaultDatabase: string): Target {
  const parts = warehouseParts(env)
  const database =
    parts?.database ??
    WAREHOUSE.map((names) => env.get(names.database)).find((name) => name !== undefined) ??
    defaultDatabase
  const connection = makeConnection({ ...parts, password: parts?.password, database })
  const type = parts === undefined ? 'embedded' : 'postgres'
  refuseSecondServer(env, type === 'embedded' ? undefined : connection)
  return { name: 'default', type, schema: 'public', database, connection }
}

function warehouseParts(env: Environment): UrlParts | undefined {
  const url = env.get('GM_DATABASE_URL')
  if (url !== undefined) return parseConnectionUrl(url, env.placeOf('GM_DATABASE_URL'))
  const names = WAREHOUSE.find((one) => namesServer(one, env))
  return names === undefined ? undefined : partsOf(names, env)
}

function namesServer(names: Family, env: Environment): boolean {
  return [names.host, names.port, names.user, names.password].some(
    (name) => env.get(name) !== undefined,
  )
}

function partsOf(names: Family, env: Environment): UrlParts {
  const [host, user, password] = [env.get(names.host), env.get(names.user), env.get(names.password)]
  const database = env.get(names.database)
  const port = portOf(names.port, env)
  return {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
  }
}

function portOf(name: string, env: Environment): number | undefined {
  const text = env.get(name)
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new GmError('GM1003', `${name} must be a whole number from 1 to 65535`, {
    at: env.placeOf(name),
  })
}

/**
 * gm keeps the real-time tables in the warehouse's database, so that one transaction can hold both. Settings that
 * ask for two places are refused: ignoring them would put tables where nobody looks for them.
 */
function refuseSecondServer(
  env: Environment,
  warehouse:
    | { readonly host: string; readonly port: number; readonly database: string }
    | undefined,
): void {
  for (const names of REALTIME) {
    const realtime = { port: 5432, ...partsOf(names, env) }
    const set = [names.host, names.port, names.database].find((name) => env.get(name) !== undefined)
    if (set === undefined) continue
    const isSame =
      warehouse !== undefined &&
      sameHost(realtime.host ?? warehouse.host, warehouse.host) &&
      (portOf(names.port, env) ?? warehouse.port) === warehouse.port &&
      (realtime.database ?? warehouse.database) === warehouse.database
    if (isSame) continue
    const where =
      warehouse === undefined
        ? 'the embedded server'
        : `${warehouse.host}:${warehouse.port}/${warehouse.database}`
    throw new GmError(
      'GM1011',
      `${set} asks for a real-time database of its own; the warehouse is ${where}`,
      {
        at: env.placeOf(set),
        hint: `gm keeps real-time tables and warehouse in one database: remove ${names.host}, ${names.port} and ${names.database}, or set them to the warehouse's.`,
      },
    )
  }
}

function sameHost(a: string, b: string): boolean {
  const plain = (host: string): string => (/^(127\.0\.0\.1|::1)$/.test(host) ? 'localhost' : host)
  return plain(a) === plain(b)
}
