import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { GmError } from '../../base/error.ts'
import type { CommandAction } from '../command-spec.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import { InitFlags, parseFlags } from '../flags.ts'
import type { Template } from '../init-templates.ts'
import { templateFiles } from '../init-templates.ts'
import type { Io } from '../io.ts'
import { plural } from '../render/format.ts'

interface Answers {
  readonly folder: string
  readonly template: Template
}

/** Writes a new project. On a terminal it asks for what is not given; elsewhere it takes the defaults. */
export const initCommand: CommandAction = async ([given], raw, io) => {
  const flags = parseFlags(InitFlags, raw)
  const folder = typeof given === 'string' ? given : undefined
  const isComplete = folder !== undefined && flags.template !== undefined
  const answers =
    isComplete || flags.yes || !io.isTerminal
      ? { folder: folder ?? '.', template: flags.template ?? 'minimal' }
      : await ask(folder, flags.template)
  return answers === undefined ? EXIT.interrupted : write(answers, io)
}

/** @returns undefined when the user breaks off. */
async function ask(
  folder: string | undefined,
  template: Template | undefined,
): Promise<Answers | undefined> {
  const { intro, isCancel, select, text } = await import('@clack/prompts')
  intro('A new gm project')
  const where =
    folder ??
    (await text({ message: 'In which folder?', placeholder: 'my_project', defaultValue: '.' }))
  if (isCancel(where)) return undefined
  const which =
    template ??
    (await select<Template>({
      message: 'What to begin with?',
      options: [
        { value: 'minimal', label: 'minimal', hint: 'a seed, two models and their tests' },
        { value: 'globalmart', label: 'globalmart', hint: 'a whole warehouse to look around in' },
      ],
    }))
  return isCancel(which) ? undefined : { folder: where, template: which }
}

function write({ folder, template }: Answers, io: Io): ExitCode {
  const root = resolve(io.cwd, folder)
  const files = templateFiles(template, nameFrom(basename(root)))
  if (existsSync(join(root, 'project.yml')) || existsSync(join(root, 'dbt_project.yml'))) {
    throw new GmError('GM1014', `there is a project in ${root} already`, {
      hint: 'Give the name of a new folder: gm init my_project.',
    })
  }
  const taken = existsSync(root) ? new Set(readdirSync(root)) : new Set<string>()
  const clash = Object.keys(files).find((file) => taken.has(file.split('/')[0] ?? file))
  if (clash !== undefined) {
    throw new GmError('GM1014', `${clash.split('/')[0] ?? clash} is in ${root} already`, {
      hint: 'gm init replaces no file: give the name of a new folder.',
    })
  }
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), content)
  }
  const where = relative(io.cwd, root)
  io.out(
    `${plural(Object.keys(files).length, 'file')} written to ${where === '' ? '.' : where}\n\n`,
  )
  io.out(`Next:\n${where === '' ? '' : `  cd ${where}\n`}  gm build\n`)
  return EXIT.ok
}

/** A folder's name as that of a project: letters, digits and underscores. */
function nameFrom(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
  return /^[a-z]/.test(name) ? name : `project_${name}`.replace(/_$/, '')
}
