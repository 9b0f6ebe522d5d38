import type { GmError } from '../../base/error.ts'
import { gmErrorsOf } from '../../base/error.ts'
import type { Project } from '../../project/project.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { packageVersion } from '../package-version.ts'
import { readProjectFile } from '../read-project-file.ts'
import { renderGmError } from '../render/error.ts'
import { styleFor } from '../render/style.ts'

type Rows = readonly (readonly [name: string, value: string])[]

/** Shows what gm would work with, without passwords, and tries the connection. */
export const debugCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(GlobalFlags, raw)
  const project = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  print('gm', [
    ['version', packageVersion()],
    ['node', process.version],
    ['platform', `${process.platform} ${process.arch}`],
  ])
  print('project', [
    ['name', project.name],
    ['folder', project.root],
    ['threads', String(project.threads)],
    ['artifacts', project.paths.target],
    ['logs', project.paths.logs],
  ])
  print(`target ${project.target.name}`, settingsOf(project))
  try {
    print('connection', await tryConnection(project, io))
    return EXIT.ok
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    io.out(io.safe(`connection\n  failed\n\n${errors.map(screenOf).join('\n')}\n`))
    return EXIT.failed
  }

  function print(title: string, rows: Rows): void {
    const lines = rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`)
    io.out(io.safe(`${[title, ...lines, ''].join('\n')}\n`))
  }

  function screenOf(error: GmError): string {
    return renderGmError(error, {
      style: styleFor(io.colour),
      readText: (file) => readProjectFile(project.root, file),
    })
  }
}

function settingsOf({ target }: Project): Rows {
  const { connection } = target
  const common: Rows = [
    ['type', target.type],
    ['database', target.database],
    ['schema', target.schema],
  ]
  if (target.type === 'embedded') return common
  return [
    ...common,
    ['host', connection.host],
    ['port', String(connection.port)],
    ['user', connection.user],
    ['password', connection.password === undefined ? 'none' : 'given, not shown'],
    ['sslmode', connection.sslmode],
  ]
}

async function tryConnection(project: Project, io: Io): Promise<Rows> {
  const warehouse = await connect(project, io)
  try {
    const started = performance.now()
    const session = await warehouse.adapter.open()
    try {
      const { rows } = await session.query({
        purpose: 'debug',
        sql: `select current_setting('server_version') as version, current_user as user_name,
  has_database_privilege(current_database(), 'create') as may_create, to_regclass('gm.runs') is not null as has_ledger`,
      })
      const [row] = rows
      return [
        ['state', `ok, in ${Math.round(performance.now() - started)} ms`],
        ['server', `PostgreSQL ${String(row?.['version'])}`],
        ['role', String(row?.['user_name'])],
        ['may create', row?.['may_create'] === true ? 'schemas' : 'no schemas: ask for CREATE'],
        ['ledger', row?.['has_ledger'] === true ? 'there' : 'none yet; the first run makes it'],
      ]
    } finally {
      await session.close()
    }
  } finally {
    await warehouse.close()
  }
}
