import { RootCommand } from '@bomb.sh/tab'
import { isBuilt, isChecking } from '../manifest/node.ts'
import { collectPrinted } from './collect-printed.ts'
import type { CommandSpec, OptionSpec } from './command-spec.ts'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'
import { GlobalFlags, parseFlags } from './flags.ts'
import type { Io } from './io.ts'
import { openProject } from './open-project.ts'
import { projectSelectors } from './project-selectors.ts'

/** Answers the shell: what may follow the words so far, one a line. Called by the script alone. */
export function complete(words: readonly string[], io: Io): void {
  const root = new RootCommand()
  const before = operatorsOf(words.at(-1) ?? '')
  let asked: Names | undefined
  const names = (): Names => (asked ??= namesOf(io))
  const add = (target: Pick<RootCommand, 'option'>, { flags, description }: OptionSpec): void => {
    const short = /^-(\w)/.exec(flags)?.[1]
    for (const [, long = ''] of flags.matchAll(/--([\w-]+)/g)) {
      if (!flags.includes('<')) {
        if (short === undefined) target.option(long, description)
        else target.option(long, description, short)
        continue
      }
      const values = valuesOf(long, description)
      const handler = (give: (value: string, description: string) => void): void => {
        const prefix = long === 'select' || long === 'exclude' ? before : ''
        const words = isNamed(long) ? names()[NAMED_BY[long]] : (values ?? [])
        for (const word of words) give(`${prefix}${word}`, '')
      }
      target.option(long, description, handler, short)
    }
  }
  const define = (spec: CommandSpec, prefix: string): void => {
    const full = `${prefix}${spec.name}`
    const command = root.command(full, spec.summary)
    for (const option of [...(spec.options ?? []), ...GLOBAL_OPTIONS]) add(command, option)
    for (const child of spec.children ?? []) define(child, `${full} `)
  }
  for (const spec of COMMANDS) define(spec, '')
  for (const option of GLOBAL_OPTIONS) add(root, option)
  io.out(collectPrinted(() => root.parse([...withoutEarlierValues(words)])))
}

/** What stands before the name that is being typed: `+`, `2+`, `@`, and the parts of an intersection. */
function operatorsOf(word: string): string {
  return /^(?:--[\w-]+=)?((?:.*,)?(?:@|\d*\+)?)/.exec(word)?.[1] ?? ''
}

const TAKES_MANY = /^(?:-s|--select|--exclude|--jobs?|--resource-type|--exclude-resource-type)$/

/** An option that takes many values is completed as if the last were its first. */
function withoutEarlierValues(words: readonly string[]): readonly string[] {
  const last = words.length - 1
  const option = words.findLastIndex((word, i) => i < last && word.startsWith('-'))
  return TAKES_MANY.test(words[option] ?? '')
    ? [...words.slice(0, option + 1), ...words.slice(last)]
    : words
}

/** The words that a description lists for an option: `text (default) or json`. */
function valuesOf(long: string, description: string): readonly string[] | undefined {
  if (!/^(?:log-format|log-level|output|lock|indirect-selection|resource-type)$/.test(long)) {
    return undefined
  }
  return description
    .replace(/^.*?:/, '')
    .replace(/\(default\)|\bonly\b|;.*$|, one object a line/g, '')
    .split(/,| or /)
    .map((word) => word.trim())
    .filter((word) => /^[\w+-]+$/.test(word))
}

/** Names of the project that options take. */
type Names = Readonly<Record<'selectable' | 'jobs' | 'selectors' | 'targets', readonly string[]>>

const NAMED_BY = {
  select: 'selectable',
  exclude: 'selectable',
  job: 'jobs',
  jobs: 'jobs',
  selector: 'selectors',
  target: 'targets',
} as const satisfies Readonly<Record<string, keyof Names>>

const isNamed = (option: string): option is keyof typeof NAMED_BY => Object.hasOwn(NAMED_BY, option)

/** A project with mistakes completes nothing. */
function namesOf(io: Io): Names {
  try {
    const flags = parseFlags(GlobalFlags, { quiet: true })
    const { manifest, project } = openProject(flags, { ...io, err: () => undefined })
    const selectors = [...projectSelectors(project.root).keys()]
    const words = new Set(selectors.map((name) => `selector:${name}`))
    const built = new Set<string>()
    for (const node of manifest.nodes.values()) {
      if (node.kind === 'source') words.add(`source:${node.sourceName}.${node.name}`)
      else if (!isChecking(node)) words.add(node.name)
      if (isBuilt(node)) built.add(node.name)
      for (const tag of node.config.tags) words.add(`tag:${tag}`)
    }
    return {
      selectable: [...words].sort(),
      jobs: [...Object.keys(project.jobs), ...[...built].sort()],
      selectors,
      targets: project.targetNames,
    }
  } catch {
    return { selectable: [], jobs: [], selectors: [], targets: [] }
  }
}
