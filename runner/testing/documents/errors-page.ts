import { CODES } from '../../base/codes.ts'

/** One golden screen, as a person sees it. */
export interface Screen {
  readonly name: string
  readonly text: string
}

/** An error of a screen: the lines from its code to its hint. */
interface Shown {
  readonly code: string
  readonly lines: readonly string[]
  /** The command that ended with it. */
  readonly command: string
}

const RANGES = {
  1: 'Project, configuration and command line',
  2: 'Names, templates and what refers to what',
  3: 'Selecting and rendering',
  4: 'The database',
  5: 'Tests of data',
  6: 'Documentation and the server of pages',
  7: 'Files, landing and generating',
} as const

/** docs/reference/errors.md: every code with what it means and, from the golden screens, what it looks like and says to do. */
export function errorsPage(screens: readonly Screen[]): string {
  const shown = screens.flatMap(errorsOf)
  const sections = Object.entries(RANGES).flatMap(([first, title]) => {
    const codes = Object.entries(CODES).filter(([code]) => code.startsWith(`GM${first}`))
    return codes.length === 0
      ? []
      : [`## ${title}`, ...codes.map(([code, meaning]) => section(code, meaning, shown))]
  })
  return `# Errors

Every error has a code, the place in your file where there is one, and a hint that says what to do. Look here for the code that you read; below
each stand the errors of that code that the tests provoke, as they are shown.
Made from those screens (\`UPDATE=1 npx vitest run --project unit runner/testing/documents/errors-page\`).

${sections.join('\n\n')}
`
}

function section(code: string, meaning: string, all: readonly Shown[]): string {
  const title = `### ${code}: ${meaning}`
  const found = all.filter((one) => one.code === code)
  const distinct = [...new Map(found.map((one) => [shape(one), one])).values()]
  if (distinct.length === 0)
    return `${title}\n\nIt takes circumstances that these screens are not made in; its message names what it is about and its hint what to do.`
  const text = distinct.map(({ command, lines }) => [command, ...lines].join('\n'))
  return `${title}\n\n\`\`\`text\n${text.join('\n\n')}\n\`\`\``
}

/** Errors that differ in nothing but names are one. */
function shape({ lines }: Shown): string {
  return (lines[0] ?? '').replace(/"[^"]*"|^\S+:\d+:\d+|\d+/g, '')
}

const ERROR = /^(?:\S.*:\d+:\d+ {2})?(GM\d{4}) {2}\S/

/** All errors of a screen, each with the lines that belong to it. */
export function errorsOf({ text }: Screen): readonly Shown[] {
  const lines = text.split('\n')
  let command = ''
  return lines.flatMap((line, at) => {
    if (line.startsWith('$ ')) command = line
    const code = ERROR.exec(line)?.[1]
    return code === undefined ? [] : [{ code, command, lines: blockFrom(lines, at) }]
  })
}

/** Below an error: more lines of its message, and, indented, the place in the file, where it was called from, the hint. */
function blockFrom(lines: readonly string[], at: number): readonly string[] {
  const block = lines.slice(at, at + 1)
  let isMessage = true
  for (const line of lines.slice(at + 1)) {
    if (line === '') isMessage = false
    else if (ERROR.test(line) || /^\[\w+/.test(line)) break
    else if (!isMessage && !/^\s/.test(line)) break
    if (line.startsWith('  jobs executed')) break
    block.push(line)
  }
  return block.slice(0, block.findLastIndex((line) => line !== '') + 1)
}
