import type { Macro } from '../manifest/node.ts'
import { macroId } from '../manifest/node.ts'
import type { FoundPage } from './found-page.ts'
import { renderMarkdown, summarize } from './render-markdown.ts'

/** The page of a macro: its text, from its tag to the end tag. */
export function describeMacro(
  macro: Macro,
  readText: (file: string) => string | undefined,
  usedBy: readonly number[],
): FoundPage {
  const id = macroId(macro.package, macro.name)
  const description = renderMarkdown(macro.description)
  const summary = summarize(macro.description)
  const source = textFrom(readText(macro.file) ?? '', macro.at.line)
  return {
    draft: {
      id,
      kind: 'macro',
      name: macro.name,
      path: macro.file,
      ...(summary === undefined ? {} : { summary }),
      columnCount: 0,
      describedColumns: 0,
      reads: [],
    },
    page: {
      id,
      ...(description === undefined ? {} : { descriptionHtml: description }),
      line: macro.at.line,
      package: macro.package,
      columns: [],
      tests: [],
      ...(source === '' ? {} : { source }),
      config: [],
      facts: macro.arguments.map(({ name, type, description: says }) => [
        `Argument ${name}`,
        [type, says].filter((part) => part !== undefined && part !== '').join(': '),
      ]),
      related: usedBy.length === 0 ? [] : [['Used by', usedBy]],
      history: [],
    },
    description: macro.description,
    isIndexed: true,
  }
}

function textFrom(file: string, line: number): string {
  const text = file
    .split('\n')
    .slice(line - 1)
    .join('\n')
  const end = /\{%-?\s*end(macro|test|materialization)\s*-?%\}/.exec(text)
  return end === null ? text : text.slice(0, end.index + end[0].length)
}
