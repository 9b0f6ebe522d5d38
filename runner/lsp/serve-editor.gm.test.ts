import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  CompletionItem,
  DocumentSymbol,
  Hover,
  Location,
} from 'vscode-languageserver-protocol'
import type { EditorClient } from '../testing/editor-client.ts'
import { openEditor } from '../testing/editor-client.ts'
import { copyOfProject } from '../testing/gm.ts'

const MODEL = 'models/globalmart/facts/fact_sales.sql'
const { root, remove } = copyOfProject()
let editor: EditorClient
let text: string

beforeAll(async () => {
  editor = await openEditor(root)
  text = readFileSync(join(root, MODEL), 'utf8')
})
afterAll(async () => {
  const status = await editor.close()
  remove()
  expect(status).toBe(0)
})

/** The place of a mark `|` in a text, and the text without it. */
function marked(source: string): { text: string; position: { line: number; character: number } } {
  const before = source.slice(0, source.indexOf('|'))
  const line = before.split('\n').length - 1
  return {
    text: source.replace('|', ''),
    position: { line, character: before.length - before.lastIndexOf('\n') - 1 },
  }
}

async function ask<Answer>(method: string, file: string, source: string): Promise<Answer> {
  const { text: whole, position } = marked(source)
  await editor.type(file, whole)
  return await editor.connection.sendRequest<Answer>(method, {
    textDocument: { uri: editor.uri(file) },
    position,
  })
}

const labels = async (file: string, source: string): Promise<readonly string[]> =>
  (await ask<CompletionItem[]>('textDocument/completion', file, source)).map(({ label }) => label)

describe('gm lsp', () => {
  test('inside ref() it offers models, seeds and snapshots, and no tests', async () => {
    const found = await labels(MODEL, text.replace("ref('dim_geography')", "ref('dim_|')"))
    expect(found).toEqual(
      expect.arrayContaining(['dim_geography', 'stg_transactions', 'countries']),
    )
    expect(found.some((label) => label.startsWith('not_null_'))).toBe(false)
  })

  test('inside source() it offers sources, then the tables of the one that was written', async () => {
    expect(await labels(MODEL, `select * from {{ source('|`)).toEqual(['gm', 'raw'])
    expect(await labels(MODEL, `select * from {{ source('raw', '|`)).toEqual([
      'cart_events',
      'dead_letters',
      'product_views',
      'transactions',
    ])
  })

  test('after an alias it offers the columns of that input', async () => {
    const found = await labels(
      MODEL,
      `select e.| from {{ ref('stg_transactions') }} as e, {{ ref('dim_geography') }} as g`,
    )
    expect(found).toContain('total_amount')
    expect(found).not.toContain('country_code_of_nobody')
    expect(found).not.toContain('geography_id')
  })

  test('inside a tag it offers the macros of the project', async () => {
    expect(await labels(MODEL, 'select {{ da| }}')).toEqual(
      expect.arrayContaining(['date_key', 'is_incremental']),
    )
  })

  test('in YAML it offers the keys that may stand at the place', async () => {
    const keys = await labels(
      'models/globalmart/facts/more.yml',
      'models:\n  - name: fact_sales\n    columns:\n      - name: quantity\n        |',
    )
    expect(keys).toEqual(expect.arrayContaining(['description', 'data_tests']))
    expect(keys).not.toContain('sources')
    expect(await labels('project.yml', 'name: globalmart\n|')).toContain('model-paths')
    await editor.type('models/globalmart/facts/more.yml', 'version: 2\n')
    await editor.type('project.yml', readFileSync(join(root, 'project.yml'), 'utf8'))
  })

  test('a ref leads to its model, a macro to its file, a column to the line that makes it', async () => {
    const go = async (source: string): Promise<string> => {
      const { uri, range } = await ask<Location>('textDocument/definition', MODEL, source)
      return `${uri.replace(`${editor.uri('')}/`, '').replace(editor.uri(''), '')}:${range.start.line + 1}`
    }
    expect(await go(text.replace("ref('dim_geography')", "ref('dim_geo|graphy')"))).toMatch(
      /^\/?snapshots\/globalmart\/dim_geography.sql:1$/,
    )
    expect(await go(text.replace('date_key(', 'date_|key('))).toMatch(/^\/?macros\/portable\//)
    const staging = readFileSync(
      join(root, 'models/globalmart/staging/stg_transactions.sql'),
      'utf8',
    )
    const line = staging.split('\n').findIndex((one) => one === '    typed.payment_method,') + 1
    expect(await go(`select e.payment_|method from {{ ref('stg_transactions') }} as e`)).toMatch(
      new RegExp(`^/?models/globalmart/staging/stg_transactions.sql:${line}$`),
    )
  })

  test('hovering shows description, columns and compiled SQL of a model, and the origins of a column', async () => {
    const show = async (source: string): Promise<string> => {
      const { contents } = await ask<Hover>('textDocument/hover', MODEL, source)
      return (contents as { value: string }).value
    }
    const model = await show(`select * from {{ ref('sales_|trends') }}`)
    expect(model).toContain('**sales_trends** · model')
    expect(model).toContain('| growth_rate |')
    expect(model).toContain('"warehouse"."fact_sales"')
    expect(await show(`select e.total_|amount from {{ ref('stg_transactions') }} as e`)).toContain(
      'From `raw.transactions.payload`.',
    )
  })

  test('a mistake shows where it is while typing, and goes when it is mended', async () => {
    const some = (all: readonly unknown[]): boolean => all.length > 0
    await editor.type(MODEL, text.replace("ref('dim_geography')", "ref('dim_geografy')"))
    const [unknown] = await editor.diagnostics(MODEL, some)
    expect(unknown).toMatchObject({ code: 'GM2003', severity: 1 })
    expect(unknown?.message).toContain('dim_geography')
    expect(text.split('\n')[unknown?.range.start.line ?? 0]).toContain("ref('dim_geography')")

    await editor.type(MODEL, `${text}\nwhere and 1 = 1`)
    const [syntax] = await editor.diagnostics(MODEL, (all) => all[0]?.code === 'GM4001')
    expect(syntax?.message).toBe('syntax error at or near "and"')
    expect(syntax?.range.start).toEqual({ line: text.split('\n').length, character: 6 })

    await editor.type(MODEL, text.replace('    sales.quantity,', '    sales.quantiti,'))
    const [column] = await editor.diagnostics(MODEL, (all) => all[0]?.severity === 2)
    expect(column?.message).toContain('no column "sales.quantiti" is known here')

    await editor.type(
      MODEL,
      text.replace("materialized='incremental'", "materialized='incrementl'"),
    )
    const configuration = await editor.diagnostics(MODEL, (all) => all[0]?.code === 'GM1003')
    expect(configuration.map(({ range }) => range.start)).toEqual([{ line: 1, character: 17 }])

    await editor.type(MODEL, text)
    expect(await editor.diagnostics(MODEL, (all) => all.length === 0)).toEqual([])
  })

  test('what an editor has read serves other commands, and nothing that is half typed does', async () => {
    await editor.type(MODEL, text)
    await editor.diagnostics(MODEL, (all) => all.length === 0)
    const kept = (): string => readFileSync(join(root, '.gm/cache/parse.json'), 'utf8')
    expect(kept()).toContain('fact_sales.sql')
    await editor.type(MODEL, text.replace("ref('dim_geography')", "ref('half_typed')"))
    await editor.diagnostics(MODEL, (all) => all[0]?.code === 'GM2003')
    // Whoever renames waits until the whole project has been read with what is typed.
    const position = { line: 0, character: 0 }
    const asked = { textDocument: { uri: editor.uri(MODEL) }, position }
    await expect(
      editor.connection.sendRequest('textDocument/prepareRename', asked),
    ).rejects.toThrow('the project has errors')
    expect(kept()).not.toContain('half_typed')
    await editor.type(MODEL, text)
    expect(await editor.diagnostics(MODEL, (all) => all.length === 0)).toEqual([])
  })

  test('a column that a query no longer gives is missed where it is read, once typing rests; the query itself answers before', async () => {
    const maker = 'models/globalmart/staging/stg_transactions.sql'
    const made = readFileSync(join(root, maker), 'utf8')
    await editor.type(MODEL, text)
    await editor.diagnostics(MODEL, (all) => all.length === 0)
    await editor.type(
      maker,
      made.replace('    typed.payment_method,', '    typed.payment_methods,'),
    )
    const [own] = await editor.diagnostics(maker, (all) => all.length > 0)
    expect(own?.message).toContain('no column "typed.payment_methods" is known here')
    await editor.type(maker, made.replace('    typed.payment_method,', ''))
    const [reader] = await editor.diagnostics(MODEL, (all) => all.length > 0)
    expect(reader?.message).toContain('payment_method')
    await editor.type(maker, made)
    expect(await editor.diagnostics(MODEL, (all) => all.length === 0)).toEqual([])
  })

  test('a file shows its node with its columns', async () => {
    await editor.type(MODEL, text)
    const [symbol] = await editor.connection.sendRequest<DocumentSymbol[]>(
      'textDocument/documentSymbol',
      { textDocument: { uri: editor.uri(MODEL) } },
    )
    expect(symbol?.name).toBe('fact_sales')
    expect(symbol?.children?.map(({ name }) => name)).toContain('total_amount')
  })
})
