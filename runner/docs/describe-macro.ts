import type { Macro } from '../manifest/node.ts'
import type { IndexNode, NodePage } from './site-data.ts'

interface MacroPage {
  readonly draft: Omit<IndexNode, 'parents' | 'chunk'> & { readonly reads: readonly string[] }
  readonly page: NodePage
  readonly description: string
}

/** The page of a macro: its text, from its tag to the end tag. */
export function describeMacro(
  macro: Macro,
  readText: (file: string) => string | undefined,
): MacroPage {
  const id = `macro.${macro.package}.${macro.name}`
  const source = textFrom(readText(macro.file) ?? '', macro.at.line)
  return {
    draft: {
      id,
      kind: 'macro',
      name: macro.name,
      path: macro.file,
      columnCount: 0,
      describedColumns: 0,
      reads: [],
    },
    page: {
      id,
      line: macro.at.line,
      package: macro.package,
      columns: [],
      tests: [],
      ...(source === '' ? {} : { source }),
      config: [],
      facts: [],
      history: [],
    },
    description: '',
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
