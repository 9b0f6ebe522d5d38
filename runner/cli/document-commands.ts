import type { CommandSpec, OptionSpec } from './command-spec.ts'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'

/** docs/reference/commands.md: every command with its options and examples, from the table that the help is made of. */
export function documentCommands(): string {
  return `# Commands

Made from the commands' own help (\`UPDATE=1 npx vitest run --project unit runner/cli/document-commands\`).
Exit codes: 0 success, 1 a node or a test failed, 2 nothing was run, 130 interrupted.

Options for paths, logs and states also come from the environment: \`GM_TARGET_PATH\` for \`--target-path\`, and dbt's
\`DBT_TARGET_PATH\`. The command line wins.

## Options of every command

${table(GLOBAL_OPTIONS)}

${COMMANDS.map((spec) => documentCommand(spec, 'gm')).join('\n')}`
}

function documentCommand(spec: CommandSpec, parent: string): string {
  const name = `${parent} ${spec.name}`
  const children = (spec.children ?? []).map((child) => documentCommand(child, name))
  if (spec.load === undefined) return children.join('\n')
  const usage = [name, ...(spec.arguments ?? []).map((argument) => argument.name)].join(' ')
  const also = spec.aliases === undefined ? '' : ` Also \`${spec.aliases.join('`, `')}\`.`
  const parts = [`## \`${usage}\`\n\n${sentence(spec.summary)}${also}\n`]
  if (spec.options !== undefined && spec.options.length > 0) parts.push(`${table(spec.options)}\n`)
  for (const [line, meaning] of spec.examples ?? []) {
    parts.push(`\`\`\`bash\n${line}   # ${meaning}\n\`\`\`\n`)
  }
  return [parts.join('\n'), ...children].join('\n')
}

function table(options: readonly OptionSpec[]): string {
  const rows = options.map(
    ({ flags, description }) => `| \`${flags}\` | ${description.replaceAll('|', '\\|')} |`,
  )
  return ['| option | |', '|---|---|', ...rows].join('\n')
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
