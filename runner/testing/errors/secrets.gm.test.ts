import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { startGm } from '../gm.ts'
import { test } from './screen-fixture.ts'

/** Characters that are written otherwise in URLs, in JSON and in SQL. */
const PASSWORD = `p@ss/w:rd%42"q'${randomBytes(3).toString('hex')}`
const WRONG_PASSWORD = `wr@ng/${randomBytes(3).toString('hex')}`
const FORMS = [PASSWORD, WRONG_PASSWORD].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  secret.replaceAll("'", "''"),
  Buffer.from(secret).toString('base64'),
  secret.slice(-6),
])

const COMMANDS: readonly (readonly string[])[] = [
  ['build'],
  ['build', '--log-level', 'debug'],
  ['build', '--log-format', 'json', '--log-level', 'debug'],
  ['run', '--full-refresh', '--dry-run', '--log-level', 'debug'],
  ['compile'],
  ['compile', '--select', 'orders', '--log-format', 'json'],
  ['parse'],
  ['ls', '--output', 'json'],
  ['show', '--select', 'orders'],
  ['show', '--inline', "select '{{ target }}' as target"],
  ['show', '--inline', "select '{{ env_var('SHOP_PASSWORD') }}' as word"],
  ['db', 'status'],
  ['test'],
]

test('no password shows on any screen, in any log, artifact or cache, of runs that succeed and that fail', {
  timeout: 180_000,
}, async ({ project, sql, connection }) => {
  const role = `gm_role_${randomBytes(4).toString('hex')}`
  await sql(`create role ${role} login superuser password '${PASSWORD.replaceAll("'", "''")}'`)
  try {
    const { host, port, database } = connection
    const root = await project({
      'project.yml': `name: shop
target: dev
targets:
  dev:
    type: postgres
    host: "{{ env_var('SHOP_HOST') }}"
    port: "{{ env_var('SHOP_PORT') }}"
    user: ${role}
    password: "{{ env_var('SHOP_PASSWORD') }}"
    database: ${database}
  by_url:
    type: postgres
    url: "{{ env_var('SHOP_URL') }}"
`,
      'models/orders.sql': 'select 1 as id\n',
      'models/schema.yml':
        'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests: [unique]\n',
    })
    const said: string[] = []
    const codes: (number | null)[] = []
    const dotenv = async (password: string): Promise<void> => {
      const url = `postgres://${role}:${encodeURIComponent(password)}@${host}:${port}/${database}`
      await writeFile(
        join(root, '.env'),
        `SHOP_HOST=${host}\nSHOP_PORT=${port}\nSHOP_PASSWORD=\`${password}\`\nSHOP_URL=${url}\n`,
      )
    }
    const runAll = async (commands: readonly (readonly string[])[]): Promise<void> => {
      for (const args of commands) {
        const { status, stdout, stderr } = await startGm(root, args).ended
        said.push(`${args.join(' ')}:\n${stdout}\n${stderr}`)
        codes.push(status)
      }
    }
    await dotenv(PASSWORD)
    await runAll(COMMANDS)
    expect(codes.slice(0, 3), said.join('\n')).toEqual([0, 0, 0])
    await runAll([
      ['build', '--target', 'by_url', '--log-level', 'debug'],
      ['build', '--target', 'no_such_target'],
    ])
    await writeFile(join(root, 'models/orders.sql'), 'select nothing as id\n')
    await runAll([['build'], ['build', '--target', 'by_url', '--log-format', 'json']])
    await dotenv(WRONG_PASSWORD)
    await runAll([['build'], ['build', '--target', 'by_url'], ['show', '--select', 'orders']])
    expect(codes.slice(-3), said.slice(-3).join('\n')).toEqual([2, 2, 2])

    const written: string[] = []
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name === '.env') continue
      const path = join(entry.parentPath, entry.name)
      written.push(`${path}:\n${await readFile(path, 'utf8')}`)
    }
    const ledger = await sql<{ line: string }>(
      'select r::text as line from gm.runs r union all select s::text from gm.steps s',
    )
    // Logs and the cache are among them, or this would prove nothing.
    expect(written.some((text) => text.includes('/logs/gm_'))).toBe(true)
    expect(written.some((text) => text.includes('/.gm/cache/'))).toBe(true)
    for (const text of [...said, ...written, ...ledger.map(({ line }) => line)]) {
      for (const form of FORMS) expect(text).not.toContain(form)
    }
  } finally {
    await sql(`drop owned by ${role} cascade; drop role ${role}`)
  }
})
