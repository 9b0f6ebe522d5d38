import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeConnection } from '../../project/connection.ts'
import type { Connection } from '../../project/project.ts'
import { resetEmbedded } from '../embedded/reset-embedded.ts'
import { startEmbedded } from '../embedded/start-embedded.ts'
import { createPostgresAdapter } from './postgres-adapter.ts'

const openssl = async (...args: string[]): Promise<unknown> =>
  await promisify(execFile)('openssl', args)

let root = ''
let data = ''
let server: Connection
const path = (name: string): string => join(root, name)

/** A certificate `name.crt` with its key, signed by `signer`, or an authority of its own. */
async function certificate(name: string, subject: string, signer?: string): Promise<void> {
  const out = ['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`)]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const signed =
    signer === undefined
      ? ['-addext', 'basicConstraints=critical,CA:TRUE']
      : [
          ...['-CA', path(`${signer}.crt`), '-CAkey', path(`${signer}.key`)],
          ...['-addext', 'basicConstraints=critical,CA:FALSE'],
          ...['-addext', `subjectAltName=DNS:${subject}`],
        ]
  await openssl('req', '-x509', '-days', '2', '-subj', `/CN=${subject}`, ...key, ...out, ...signed)
}

async function asAdmin(sql: string): Promise<void> {
  const adapter = createPostgresAdapter(server)
  const session = await adapter.open()
  await session.query({ purpose: 'test', sql })
  await session.close()
  await adapter.close()
}

/** Who may log in how; the server obeys at once. The first line keeps a way in for the test itself. */
async function allow(...rules: readonly string[]): Promise<void> {
  const { user } = server
  const lines = [`host postgres ${user} 127.0.0.1/32 scram-sha-256`, ...rules]
  await writeFile(join(data, 'pg_hba.conf'), `${lines.join('\n')}\n`)
  await asAdmin('select pg_reload_conf(), pg_sleep(0.2)')
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gm-tls-'))
  const started = await startEmbedded({ root, database: 'postgres', settings: { fsync: 'off' } })
  server = started.connection
  data = started.dataDirectory
  await certificate('ca', 'gm test authority')
  await certificate('stranger', 'another authority')
  await certificate('server', 'localhost', 'ca')
  await certificate('client', 'etl', 'ca')
  const { uid, gid } = await stat(data)
  for (const [file, mode] of [
    ['server.crt', 0o644],
    ['server.key', 0o600],
    ['ca.crt', 0o644],
  ] as const) {
    await writeFile(join(data, file), await readFile(path(file)), { mode })
    await chown(join(data, file), uid, gid)
  }
  await asAdmin(`create role etl login superuser password 'pass word'`)
  await asAdmin('create database shop')
  await asAdmin(`alter system set ssl_ca_file = 'ca.crt'`)
  await asAdmin('alter system set ssl = on')
  await allow('host shop etl 127.0.0.1/32 scram-sha-256')
})

afterAll(async () => {
  await resetEmbedded(root)
  await rm(root, { recursive: true, force: true })
})

/** `tls` or `plain`, or the code of the error. */
async function login(given: Partial<Connection>): Promise<string> {
  const connection = makeConnection({
    host: 'localhost',
    port: server.port,
    user: 'etl',
    password: 'pass word',
    database: 'shop',
    ...given,
  })
  const adapter = createPostgresAdapter(connection)
  try {
    const session = await adapter.open()
    const { rows } = await session.query({
      purpose: 'test',
      sql: 'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    })
    await session.close()
    return rows[0]?.['ssl'] === true ? 'tls' : 'plain'
  } catch (error) {
    expect(String(error)).not.toContain('pass word')
    return `${(error as { code: string }).code} ${(error as Error).message}`
  } finally {
    await adapter.close()
  }
}

const withRoot = (sslmode: Connection['sslmode'], ca = 'ca'): Partial<Connection> => ({
  sslmode,
  sslrootcert: path(`${ca}.crt`),
})

test('a server that takes both is asked for TLS by prefer and stronger, not by disable and allow', async () => {
  expect(await login({ sslmode: 'disable' })).toBe('plain')
  expect(await login({ sslmode: 'allow' })).toBe('plain')
  expect(await login({ sslmode: 'prefer' })).toBe('tls')
  expect(await login({ sslmode: 'require' })).toBe('tls')
  expect(await login(withRoot('verify-ca'))).toBe('tls')
  expect(await login(withRoot('verify-full'))).toBe('tls')
})

test('verify-full checks the host’s name and verify-ca does not', async () => {
  expect(await login({ ...withRoot('verify-ca'), host: '127.0.0.1' })).toBe('tls')
  expect(await login({ ...withRoot('verify-full'), host: '127.0.0.1' })).toMatch(
    /^GM4002 .*certificate/,
  )
})

test('a certificate of another authority is refused wherever a root certificate is given', async () => {
  expect(await login(withRoot('verify-ca', 'stranger'))).toMatch(/^GM4002 .*certificate/)
  expect(await login(withRoot('verify-full', 'stranger'))).toMatch(/^GM4002 .*certificate/)
  expect(await login(withRoot('require', 'stranger'))).toMatch(/^GM4002 .*certificate/)
  expect(await login(withRoot('prefer', 'stranger'))).toBe('plain')
})

test('verify modes without a root certificate, and a file that is not there, are told before connecting', async () => {
  expect(await login({ sslmode: 'verify-ca' })).toMatch(/^GM1009 .*needs a root certificate/)
  expect(await login(withRoot('verify-full', 'missing'))).toMatch(
    /^GM1009 cannot read .*missing\.crt/,
  )
  expect(await login({ sslmode: 'require', sslrootcert: 'system' })).toMatch(/^GM1003/)
  expect(await login({ sslmode: 'verify-full', sslrootcert: 'system' })).toMatch(/^GM4002/)
})

test('a wrong password is GM4003 and is not tried again without TLS', async () => {
  expect(await login({ password: 'wrong' })).toMatch(/^GM4003 .*refused the login of "etl"/)
  expect(await login({ password: undefined })).toMatch(/^GM4003 .*asks for a password/)
  expect(await login({ database: 'nowhere' })).toMatch(/^GM4003|^GM4002/)
})

test('a port where nobody listens is GM4002 with host and port', async () => {
  expect(await login({ port: 1 })).toMatch(/^GM4002 .*localhost:1/)
  expect(await login({ host: 'nowhere.invalid' })).toMatch(/^GM4002 .*nowhere\.invalid/)
})

test('a query over TLS is cancelled over TLS', async () => {
  const adapter = createPostgresAdapter(
    makeConnection({
      host: 'localhost',
      port: server.port,
      user: 'etl',
      password: 'pass word',
      database: 'shop',
      ...withRoot('verify-full'),
    }),
  )
  const session = await adapter.open()
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 100)
  await expect(
    session.query({ purpose: 'test', sql: 'select pg_sleep(60)' }, abort.signal),
  ).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  await session.close()
  await adapter.close()
})

test('where only TLS is let in, allow falls back to it and disable fails', async () => {
  await allow('hostssl shop etl 127.0.0.1/32 scram-sha-256')
  expect(await login({ sslmode: 'allow' })).toBe('tls')
  expect(await login({ sslmode: 'disable' })).toMatch(/^GM4003/)
})

test('where TLS is not let in, prefer falls back to plain and require fails', async () => {
  await allow('hostnossl shop etl 127.0.0.1/32 scram-sha-256')
  expect(await login({ sslmode: 'prefer' })).toBe('plain')
  expect(await login({ sslmode: 'require' })).toMatch(/^GM4003/)
})

test('a client certificate logs in where the server asks for one', async () => {
  await allow('hostssl shop etl 127.0.0.1/32 cert')
  const files = { sslcert: path('client.crt'), sslkey: path('client.key'), password: undefined }
  expect(await login({ ...withRoot('verify-full'), ...files })).toBe('tls')
  expect(await login(withRoot('verify-full'))).toMatch(/^GM4003/)
})

test('without TLS in the server, prefer and allow work and require says so', async () => {
  await allow('host shop etl 127.0.0.1/32 scram-sha-256')
  await asAdmin('alter system set ssl = off')
  await asAdmin('select pg_reload_conf(), pg_sleep(0.2)')
  expect(await login({ sslmode: 'prefer' })).toBe('plain')
  expect(await login({ sslmode: 'allow' })).toBe('plain')
  expect(await login({ sslmode: 'require' })).toMatch(/^GM4002 .*speaks no TLS/)
})
