/** A row of a table from plain texts; a cell that is code already stays. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => (cell.startsWith('`') ? cell : escapeMarkdown(cell))).join(' | ')} |`
}

/** A name as inline code, which can stand in a table. */
export function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|').replace(/\s+/g, ' ')}\``
}

/** Lines of code; the fence is longer than any run of backticks in the text. */
export function fenced(language: string, text: string): readonly string[] {
  const runs = text.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)))
  return [`${fence}${language}`, text, fence]
}

/** Text that must not become markup, a link, a mention or a new line of a table. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|#~]/g, (character) => `\\${character}`)
    .replaceAll('@', '@\u200b')
    .replace(/\s+/g, ' ')
}
