import { isAbsolute, join } from 'node:path'
import { GmError } from '../base/error.ts'
import { nearest } from '../base/nearest.ts'
import type { ChosenTarget } from './chosen-target.ts'
import type { UrlParts } from './connection.ts'
import { makeConnection, parseConnectionUrl } from './connection.ts'
import type { Environment } from './environment.ts'
import type { PlaceOf } from './explain-issues.ts'
import { explainIssues } from './explain-issues.ts'
import type { Target } from './project.ts'
import type { TargetFile } from './project-schema.ts'
import { targetSchema } from './project-schema.ts'
import { substituteEnv } from './substitute-env.ts'

export interface TargetSettings {
  /** `targets:` of project.yml as written, env_var() and all. */
  readonly targets: Readonly<Record<string, unknown>>
  /** The name that `--target` gives, else `target:` of project.yml. */
  readonly wanted: string | undefined
  readonly root: string
  readonly defaultDatabase: string
  readonly env: Environment
  /** Places of paths that begin in `targets:`. */
  readonly placeOf: PlaceOf
  /** profiles.yml is no part of the repository; project.yml is. */
  readonly mayHoldPassword: boolean
}

/**
 * The wanted one of the targets, or the only one. Only its variables must be set, not those of the others.
 *
 * @throws GmError GM1007 no such target, or several and none wanted; GM1005 a variable that is not set; GM1003 a
 *   setting that cannot be used, a password written into the file.
 */
export function resolveTarget(settings: TargetSettings): ChosenTarget {
  const name = chooseTarget(settings)
  const placeOf: PlaceOf = (path, part) => settings.placeOf([name, ...path], part)
  const written = settings.targets[name] as Readonly<Record<string, unknown>>
  if (!settings.mayHoldPassword) refuseWrittenPassword(written, placeOf)
  const filled = Object.fromEntries(
    Object.entries(written).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? substituteEnv(value, settings.env, placeOf([key], 'value'))
        : value,
    ]),
  )
  const parsed = targetSchema.safeParse(filled)
  if (!parsed.success) {
    // One is enough: what is left here comes from values of the environment.
    const [first] = explainIssues(parsed.error, targetSchema, filled, placeOf)
    throw first ?? parsed.error
  }
  const fields = parsed.data
  refuseContradictions(fields, placeOf)
  const url: UrlParts =
    fields.url === undefined ? {} : parseConnectionUrl(fields.url, placeOf(['url'], 'value'))
  refuseWrittenUrlPassword(written.url, url, placeOf)
  const database = url.database ?? fields.database ?? fields.dbname ?? settings.defaultDatabase
  const file = (path: string | undefined): string | undefined =>
    path === undefined || isAbsolute(path) ? path : join(settings.root, path)
  const options = {
    ...(fields.search_path !== undefined && { search_path: fields.search_path }),
    ...(fields.role !== undefined && { role: fields.role }),
  }
  const target: Target = {
    name,
    type: fields.type,
    schema: fields.schema ?? 'public',
    database,
    connection: makeConnection({
      host: url.host ?? fields.host,
      port: url.port ?? fields.port,
      user: url.user ?? fields.user,
      password: url.password ?? fields.password ?? fields.pass,
      database,
      sslmode: url.sslmode ?? fields.sslmode,
      sslrootcert: file(url.sslrootcert ?? fields.sslrootcert),
      sslcert: file(url.sslcert ?? fields.sslcert),
      sslkey: file(url.sslkey ?? fields.sslkey),
      connectTimeoutMs:
        url.connectTimeoutMs ??
        (fields.connect_timeout === undefined ? undefined : fields.connect_timeout * 1000),
      options,
    }),
  }
  return {
    target,
    names: Object.keys(settings.targets),
    threads: fields.threads,
    retries: fields.retries,
    statementTimeoutSeconds: fields.statement_timeout_seconds,
  }
}

function chooseTarget({ targets, wanted, placeOf }: TargetSettings): string {
  const names = Object.keys(targets)
  const [only] = names
  const listed = `The targets are ${names.join(', ')}.`
  if (wanted === undefined) {
    if (only !== undefined && names.length === 1) return only
    throw new GmError('GM1007', 'no target is chosen', {
      at: placeOf([]),
      hint:
        only === undefined
          ? 'Write one under targets.'
          : `Write target: ${only}, or pass --target. ${listed}`,
    })
  }
  if (Object.hasOwn(targets, wanted)) return wanted
  const close = nearest(wanted, names)
  throw new GmError('GM1007', `unknown target "${wanted}"`, {
    at: placeOf([]),
    hint: close === undefined ? listed : `Did you mean "${close}"?`,
  })
}

const PASSWORD_HINT = 'Put it into .env and write password: "{{ env_var(\'NAME\') }}".'

/** project.yml is under version control. */
function refuseWrittenPassword(written: Readonly<Record<string, unknown>>, placeOf: PlaceOf): void {
  const password = written['password'] ?? written['pass']
  if (typeof password !== 'string' || password === '' || password.includes('env_var')) return
  throw new GmError('GM1003', 'a password must not stand in project.yml', {
    at: placeOf(['password']),
    hint: PASSWORD_HINT,
  })
}

function refuseWrittenUrlPassword(written: unknown, url: UrlParts, placeOf: PlaceOf): void {
  if (url.password === undefined || String(written).includes('env_var')) return
  throw new GmError('GM1003', 'a password must not stand in project.yml', {
    at: placeOf(['url']),
    hint: 'Put the whole URL into .env and write url: "{{ env_var(\'NAME\') }}".',
  })
}

const SERVER_FIELDS = [
  'url',
  'host',
  'port',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
] as const

function refuseContradictions(fields: TargetFile, placeOf: PlaceOf): void {
  const given = SERVER_FIELDS.filter((key) => fields[key] !== undefined)
  const [first] = given
  if (fields.type === 'embedded' && first !== undefined) {
    throw new GmError('GM1003', `an embedded target has no "${first}"`, {
      at: placeOf([first]),
      hint: 'Remove it, or use type: postgres for a server of your own.',
    })
  }
  const other = given.find((key) => key !== 'url')
  if (fields.url !== undefined && other !== undefined) {
    throw new GmError('GM1003', `both "url" and "${other}" are given`, {
      at: placeOf([other]),
      hint: 'Put all of it into the URL, or use the single fields only.',
    })
  }
  if (fields.database !== undefined && fields.dbname !== undefined) {
    throw new GmError('GM1003', 'both "database" and "dbname" are given', {
      at: placeOf(['dbname']),
      hint: 'Remove one: they mean the same.',
    })
  }
}
