import type { Command, CommanderError } from 'commander'
import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'

/** What commander refused, as GM1010 with the nearest option or command that there is. */
export function usageError(command: Command, error: CommanderError): GmError {
  const subject = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const help = `\`${fullName(command)} --help\``
  switch (error.code) {
    case 'commander.unknownOption': {
      const option = subject.split('=')[0] ?? subject
      return new GmError('GM1010', `unknown option ${option}`, {
        hint: didYouMean(option, optionNames(command)) ?? `See ${help} for those there are.`,
      })
    }
    case 'commander.unknownCommand': {
      const names = command.commands.map((child) => child.name())
      return new GmError('GM1010', `unknown command ${subject}`, {
        hint: didYouMean(subject, names) ?? `See ${help} for those there are.`,
      })
    }
    case 'commander.missingArgument':
      return new GmError('GM1010', `${fullName(command)} needs <${subject}>`, {
        hint: `See ${help} for an example.`,
      })
    case 'commander.optionMissingArgument':
      return new GmError('GM1010', `${subject.replace(/^-\w, /, '')} needs a value`, {
        hint: `See ${help} for an example.`,
      })
    case 'commander.excessArguments': {
      const surplus = command.args.slice(command.registeredArguments.length).join(' ')
      const selects = command.options.some((option) => option.long === '--select')
      return new GmError('GM1010', `${fullName(command)} cannot use "${surplus}"`, {
        hint: selects
          ? `To choose nodes write \`${fullName(command)} --select ${surplus}\`.`
          : `See ${help}.`,
      })
    }
    default:
      return new GmError('GM1010', error.message.replace(/^error: /, ''), { hint: `See ${help}.` })
  }
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

function optionNames(command: Command): readonly string[] {
  const own = command.options.flatMap((option) => (option.long === undefined ? [] : [option.long]))
  return command.parent === null ? own : [...own, ...optionNames(command.parent)]
}
