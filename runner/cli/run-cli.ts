import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { gmErrorsOf } from '../base/error.ts'
import { buildProgram } from './build-program.ts'
import type { ExitCode } from './exit-code.ts'
import { EXIT } from './exit-code.ts'
import { fromEnvironment } from './flags-from-environment.ts'
import type { Io } from './io.ts'
import { packageVersion } from './package-version.ts'
import { readProjectFile } from './read-project-file.ts'
import { renderError } from './render/error.ts'
import { jsonBug, jsonError } from './render/json-event.ts'
import { styleFor } from './render/style.ts'

/** Runs one command line (without node and the script) and gives its exit code; every error ends as a screen on stderr. */
export async function runCli(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  try {
    if (argv.includes('--version') || argv[0] === '-V') {
      io.out(`${packageVersion()}\n`)
      return EXIT.ok
    }
    // What the completion scripts call; no command of people's.
    if (argv[0] === 'complete' && argv[1] === '--') {
      const { complete } = await import('./complete.ts')
      complete(argv.slice(2), io)
      return EXIT.ok
    }
    await buildProgram(io, (result) => {
      code = result
    }).parseAsync(argv, { from: 'user' })
    return code
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Help that was asked for is an answer; help because no command was given is not.
      return thrown.exitCode === 0 ? EXIT.ok : EXIT.notRun
    }
    showError(thrown, argv, io)
    return EXIT.notRun
  }
}

function showError(thrown: unknown, argv: readonly string[], io: Io): void {
  if (wantsJson(argv, io)) {
    const errors = gmErrorsOf(thrown)?.map((error) => jsonError(error, 'error', io.now()))
    for (const line of errors ?? [jsonBug(thrown, io.now())]) io.err(`${line}\n`)
    return
  }
  const root = projectRoot(projectDirOf(argv, io.cwd))
  io.err(
    renderError(thrown, {
      style: styleFor(io.colour),
      readText: (file) =>
        file === 'inline' ? argv[argv.indexOf('--inline') + 1] : readProjectFile(root, file),
    }),
  )
}

/** Usage errors come before the flags are understood, so the two that shape an error are looked for in the words. */
function wantsJson(argv: readonly string[], io: Io): boolean {
  const at = argv.indexOf('--log-format')
  const joined = argv.find((word) => word.startsWith('--log-format='))
  const given = at === -1 ? joined?.slice('--log-format='.length) : argv[at + 1]
  return (given ?? fromEnvironment('log-format', io.env)) === 'json'
}

function projectDirOf(argv: readonly string[], cwd: string): string {
  const joined = argv
    .find((word) => word.startsWith('--project-dir='))
    ?.slice('--project-dir='.length)
  const at = argv.indexOf('--project-dir')
  return resolve(cwd, joined ?? (at === -1 ? '.' : (argv[at + 1] ?? '.')))
}

const PROJECT_FILES = ['project.yml', 'dbt_project.yml']

/** The folder of project.yml, here or above; where there is none, the given one. */
function projectRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (PROJECT_FILES.some((file) => existsSync(join(folder, file)))) return folder
    if (dirname(folder) === folder) return start
  }
}
