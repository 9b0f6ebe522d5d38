import type { CompletionItem } from 'vscode-languageserver'
import { CompletionItemKind } from 'vscode-languageserver'

interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly type?: string | readonly string[]
  readonly description?: string
}

/** The keys, or the values of a key, that the JSON Schema of a YAML file allows at a place. */
export function yamlKeys(
  text: string,
  place: { readonly line: number; readonly character: number },
  whole: unknown,
): CompletionItem[] {
  const root = whole as Schema
  const lines = text.split('\n')
  const line = (lines[place.line] ?? '').slice(0, place.character)
  const path = pathTo(lines, place.line, line)
  const value = /^\s*(?:- )?([\w+-]+):\s*\S*$/.exec(line)
  if (value?.[1] !== undefined) {
    return schemasAt(root, [...path, value[1]]).flatMap((schema) => values(schema))
  }
  const keys = new Map<string, CompletionItem>()
  for (const { properties = {} } of schemasAt(root, path)) {
    for (const [label, schema] of Object.entries(properties)) {
      const { description } = schema
      keys.set(label, {
        label,
        kind: CompletionItemKind.Property,
        insertText: `${label}: `,
        ...(description !== undefined && { documentation: description }),
      })
    }
  }
  return [...keys.values()]
}

function values({ enum: words, type }: Schema): CompletionItem[] {
  const named = type === 'boolean' ? ['true', 'false'] : (words ?? []).map(String)
  return named.map((label) => ({ label, kind: CompletionItemKind.Value }))
}

/** The keys above a line, from the outside in; `[]` is an item of a list. Indentation says what is inside what. */
function pathTo(lines: readonly string[], at: number, current: string): string[] {
  const path: string[] = []
  const dash = /^(\s*)- /.exec(current)
  let indent = dash === null ? (/^\s*/.exec(current)?.[0].length ?? 0) : (dash[1]?.length ?? 0)
  if (dash !== null) path.unshift('[]')
  let isInItem = dash !== null
  for (let i = at - 1; i >= 0; i--) {
    const line = lines[i] ?? ''
    const found = /^(\s*)(- )?([\w+-]+):/.exec(line)
    if (found === null) continue
    const [, blanks = '', item, key = ''] = found
    const column = blanks.length + (item === undefined ? 0 : 2)
    if (item !== undefined && !isInItem && column === indent) {
      // A neighbour in the same item: the item begins here.
      path.unshift('[]')
      indent = blanks.length
      isInItem = true
    } else if (
      item === undefined ? column < indent || (isInItem && column === indent) : column < indent
    ) {
      path.unshift(key)
      indent = blanks.length
      isInItem = false
      if (item !== undefined) {
        path.unshift('[]')
        isInItem = true
      }
    }
  }
  return path
}

/** The schemas that hold at a path; a choice has several. */
function schemasAt(root: Schema, path: readonly string[]): readonly Schema[] {
  let schemas = open(root, root)
  for (const key of path) {
    schemas = schemas
      .flatMap((schema) => {
        if (key === '[]') return schema.items ?? []
        const own = schema.properties?.[key]
        if (own !== undefined) return own
        const patterns = Object.entries(schema.patternProperties ?? {})
        const fitting = patterns.filter(([pattern]) => new RegExp(pattern).test(key))
        if (fitting.length > 0) return fitting.map(([, inner]) => inner)
        const { additionalProperties: other } = schema
        return typeof other === 'object' ? other : []
      })
      .flatMap((schema) => open(root, schema))
  }
  return schemas
}

/** A schema with its references followed and its choices spread out. */
function open(root: Schema, schema: Schema): readonly Schema[] {
  const { $ref, anyOf = [], oneOf = [], allOf = [] } = schema
  const target = $ref === undefined ? undefined : definition(root, $ref)
  return [
    schema,
    ...[...anyOf, ...oneOf, ...allOf, ...(target === undefined ? [] : [target])].flatMap((one) =>
      open(root, one),
    ),
  ]
}

function definition(root: Schema, ref: string): Schema | undefined {
  return root.$defs?.[ref.replace('#/$defs/', '')]
}
