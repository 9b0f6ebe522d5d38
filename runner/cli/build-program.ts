import { Command } from 'commander'
import type { CommandSpec, OptionSpec } from './command-spec.ts'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'
import type { ExitCode } from './exit-code.ts'
import { flagsFromEnvironment } from './flags-from-environment.ts'
import type { Io } from './io.ts'
import { usageError } from './usage-error.ts'

/**
 * The commander program for the table of commands. Its actions load their code, run it and give the exit code to `done`.
 */
export function buildProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = settle(new Command('gm'), io)
    .description('SQL models, history and tests on PostgreSQL')
    .usage('<command> [options]')
    .helpCommand(false)
    // The commands are what one looks for here: with all options besides they would not fit one screen.
    .configureHelp({ visibleOptions: () => [], subcommandTerm: (child) => child.name() })
    .addHelpText(
      'after',
      '\n`gm <command> --help` shows its options with examples, `gm -V` the version.',
    )
  addOptions(program, GLOBAL_OPTIONS)
  program.option('-V, --version', 'print the version')
  for (const spec of inHelpOrder(COMMANDS)) program.addCommand(build(spec, io, done))
  return program
}

const GROUPS = ['Project', 'Build', 'Look', 'Data', undefined] as const

function inHelpOrder(specs: readonly CommandSpec[]): readonly CommandSpec[] {
  return GROUPS.flatMap((group) => specs.filter((spec) => spec.group === group))
}

function build(spec: CommandSpec, io: Io, done: (code: ExitCode) => void): Command {
  const command = settle(new Command(spec.name), io).description(spec.summary).helpCommand(false)
  command.aliases([...(spec.aliases ?? [])]).helpGroup(`${spec.group ?? 'More'}:`)
  for (const { name, description } of spec.arguments ?? []) command.argument(name, description)
  addOptions(command, spec.options ?? [])
  for (const child of spec.children ?? []) command.addCommand(build(child, io, done))
  const { load } = spec
  if (load !== undefined) {
    command.action(async (...values: unknown[]) => {
      // commander gives the arguments, then the flags, then the command itself.
      const args = values.slice(0, -2) as (string | readonly string[])[]
      const [action, { flagsFromProject }] = await Promise.all([
        load(),
        import('./flags-from-project.ts'),
      ])
      const given = flagsFromEnvironment(command, io.env)
      const { projectDir } = given
      const set = flagsFromProject(io.cwd, typeof projectDir === 'string' ? projectDir : undefined)
      done(await action(args, { ...set, ...given }, io))
    })
  }
  const examples = spec.examples ?? []
  if (examples.length > 0) {
    const lines = examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`)
    command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
  }
  return command
}

/** Errors come out as exceptions, and nothing writes to the process's streams directly. */
function settle(command: Command, io: Io): Command {
  return command
    .exitOverride((error) => {
      if (error.exitCode === 0 || error.code === 'commander.help') throw error
      throw usageError(command, error)
    })
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.out(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.width(),
      getOutHasColors: () => io.colour,
    })
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (child) => child.name(),
    })
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError(false)
    .allowExcessArguments(false)
}

function addOptions(command: Command, options: readonly OptionSpec[]): void {
  for (const { flags, description } of options) command.option(flags, description)
}
