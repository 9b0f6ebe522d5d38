import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hover, Range, WorkspaceEdit } from 'vscode-languageserver-protocol'
import type { EditorClient } from '../testing/editor-client.ts'
import { openEditor } from '../testing/editor-client.ts'
import { copyOfProject, gm } from '../testing/gm.ts'

const SHOP = {
  'project.yml': "name: shop\nversion: '1.0'\n",
  'models/shop.yml': `sources:
  - name: raw
    tables:
      - name: events
        columns: [{name: id}, {name: payload}]
models:
  - name: products
    config: {unique_key: [category]}
    columns:
      - name: id
      - name: category
        description: The category of a product.
        data_tests:
          - not_null
          - accepted_values: {arguments: {values: [category, toys]}}
  - name: sales
    columns:
      - name: category
        data_tests:
          - relationships: {arguments: {to: "ref('products')", field: category}}
exposures:
  - {name: board, type: dashboard, owner: {name: ann}, depends_on: ["ref('products')"]}
`,
  'models/products.sql': `{{ config(materialized='incremental', unique_key='category') }}
with final as (
    select e.id, e.payload ->> 'category' as category
    from {{ source('raw', 'events') }} as e
    {% if is_incremental() %}
    where e.payload ->> 'category' not in (select t.category from {{ this }} as t)
    {% endif %}
)
select * from final order by category
`,
  'models/sales.sql': `-- category stays the name here
with p as (select * from {{ ref('products') }})
select p.category, upper(p.category) as shout, count(*) as n
from p
group by p.category
order by category
`,
  'models/everything.sql': `select * from {{ ref('products') }}\n`,
  'models/last.sql': `select category as kind, 'category' as word from {{ ref('everything') }} where category > ''\n`,
  'models/joined.sql': `select a.id, b.label from {{ ref('labels') }} as b join {{ ref('labels') }} as a using (label)\n`,
  'models/labels.sql': `select id, 'x' as label from {{ ref('products') }}\n`,
  'models/printed.sql': `select {% for c in ['n', 'shout'] %}{{ c }}, {% endfor %} 1 as one from {{ ref('sales') }}\n`,
  'models/branchy.sql': `select kind from {{ ref('last') }} {% if var('x', false) %} where kind = '' {% endif %}\n`,
  'tests/no_empty.sql': `select * from {{ ref('products') }} where category = ''\n`,
}

const root = mkdtempSync(join(tmpdir(), 'gm-rename-'))
let editor: EditorClient

beforeAll(async () => {
  for (const [file, text] of Object.entries(SHOP)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  editor = await openEditor(root)
})
afterAll(async () => {
  expect(await editor.close()).toBe(0)
  rmSync(root, { recursive: true })
})

/** Where a text's mark `|` would stand, as a request about the text without it. */
function place(client: EditorClient, folder: string, file: string, marked: string): object {
  const text = readFileSync(join(folder, file), 'utf8')
  const index = text.indexOf(marked.replace('|', ''))
  if (index === -1) throw new Error(`${file} has no ${marked}`)
  const before = text.slice(0, index + marked.indexOf('|'))
  return {
    textDocument: { uri: client.uri(file) },
    position: {
      line: before.split('\n').length - 1,
      character: before.length - before.lastIndexOf('\n') - 1,
    },
  }
}

async function open(client: EditorClient, folder: string, file: string): Promise<void> {
  await client.type(file, readFileSync(join(folder, file), 'utf8'))
}

async function rename(file: string, marked: string, newName: string): Promise<WorkspaceEdit> {
  await open(editor, root, file)
  const params = { ...place(editor, root, file, marked), newName }
  return await editor.connection.sendRequest<WorkspaceEdit>('textDocument/rename', params)
}

/** The files that an edit changes, as they are after it. */
function applied(folder: string, edit: WorkspaceEdit): Record<string, string> {
  return Object.fromEntries(
    Object.entries(edit.changes ?? {}).map(([uri, edits]) => {
      const path = fileURLToPath(uri)
      const lines = readFileSync(path, 'utf8').split('\n')
      const last = [...edits].sort(
        (a, b) =>
          b.range.start.line - a.range.start.line ||
          b.range.start.character - a.range.start.character,
      )
      for (const { range, newText } of last) {
        const line = lines[range.start.line] ?? ''
        lines[range.start.line] =
          line.slice(0, range.start.character) + newText + line.slice(range.end.character)
      }
      return [path.slice(folder.length + 1), lines.join('\n')]
    }),
  )
}

describe('renaming a column in the editor', () => {
  test('the column has its new name where it is made, described, tested and read, and readers keep their own names', async () => {
    const after = applied(root, await rename('models/products.sql', 'as cat|egory', 'kind_of'))
    expect(Object.keys(after).sort()).toEqual([
      'models/last.sql',
      'models/products.sql',
      'models/sales.sql',
      'models/shop.yml',
      'tests/no_empty.sql',
    ])
    expect(after['models/products.sql']).toBe(
      SHOP['models/products.sql']
        .replace("unique_key='category'", "unique_key='kind_of'")
        .replace('as category', 'as kind_of')
        .replace('t.category', 't.kind_of')
        .replace('by category', 'by kind_of'),
    )
    expect(after['models/sales.sql']).toBe(`-- category stays the name here
with p as (select * from {{ ref('products') }})
select p.kind_of as category, upper(p.kind_of) as shout, count(*) as n
from p
group by p.kind_of
order by category
`)
    expect(after['models/last.sql']).toBe(
      `select kind_of as kind, 'category' as word from {{ ref('everything') }} where kind_of > ''\n`,
    )
    expect(after['tests/no_empty.sql']).toContain("where kind_of = ''")
    expect(after['models/shop.yml']).toBe(
      SHOP['models/shop.yml']
        .replace('[category]', '[kind_of]')
        .replace('- name: category', '- name: kind_of')
        .replace('field: category', 'field: kind_of'),
    )
  })

  test('the same rename is made from a reference in another model and from the YAML', async () => {
    const asked = await rename('models/products.sql', 'as cat|egory', 'kind_of')
    expect(await rename('models/sales.sql', 'by p.categ|ory', 'kind_of')).toEqual(asked)
    expect(await rename('models/shop.yml', '- name: cate|gory', 'kind_of')).toEqual(asked)
  })

  test('before it asks for a name the editor is told which word it is', async () => {
    await open(editor, root, 'models/last.sql')
    const params = place(editor, root, 'models/last.sql', 'where cat|egory')
    const range = await editor.connection.sendRequest<Range>('textDocument/prepareRename', params)
    const [line = ''] = SHOP['models/last.sql'].split('\n')
    expect(line.slice(range.start.character, range.end.character)).toBe('category')
  })

  test('a name that the grammar keeps for itself is quoted in SQL and plain in YAML', async () => {
    const after = applied(root, await rename('models/products.sql', 'as cat|egory', 'order'))
    expect(after['models/last.sql']).toContain('select "order" as kind')
    expect(after['models/products.sql']).toContain(`as "order"`)
    expect(after['models/shop.yml']).toContain('- name: order')
  })

  test.each([
    [
      'a name that is taken',
      'models/products.sql',
      'as cat|egory',
      'id',
      'already has a column "id"',
    ],
    ['a name that is none', 'models/products.sql', 'as cat|egory', 'a b', 'not an identifier'],
    ['a name that would be folded', 'models/products.sql', 'as cat|egory', 'Kind', '"Kind"'],
    ['a column of a source', 'models/products.sql', 'select e.id, e.pay|load', 'x', 'is a source'],
    ['a use without a name', 'models/labels.sql', 'as lab|el', 'tag', 'without its name'],
    [
      'a use that a template prints',
      'models/sales.sql',
      'as sho|ut',
      'cry',
      'models/printed.sql:1:',
    ],
    ['a branch that is not taken', 'models/last.sql', 'as ki|nd', 'sort', 'models/branchy.sql:1:'],
  ])('%s is refused, with the reason', async (_what, file, marked, to, reason) => {
    await expect(rename(file, marked, to)).rejects.toThrow(reason)
  })

  test('hovering over a plain copy shows the description of what it is copied from, and whose it is', async () => {
    await open(editor, root, 'models/sales.sql')
    const params = place(editor, root, 'models/sales.sql', "ref('prod|ucts')")
    const about = await editor.connection.sendRequest<Hover>('textDocument/hover', params)
    expect(JSON.stringify(about.contents)).toContain('| The category of a product. |')
    await open(editor, root, 'models/branchy.sql')
    const copy = place(editor, root, 'models/branchy.sql', 'select ki|nd')
    const { contents } = await editor.connection.sendRequest<Hover>('textDocument/hover', copy)
    expect((contents as { value: string }).value).toContain(
      'The category of a product. (described at `products.category`)',
    )
  })

  test('what reads the project from outside is named, as nobody can see which columns it takes', async () => {
    const told = new Promise<string>((resolve) => {
      editor.connection.onNotification(
        'window/showMessage',
        ({ message }: { readonly message: string }) => resolve(message),
      )
    })
    await rename('models/products.sql', 'as cat|egory', 'kind_of')
    expect(await told).toContain('exposure board')
  })
})

describe('renaming a column of the warehouse', () => {
  const shop = copyOfProject()
  let client: EditorClient
  beforeAll(async () => {
    client = await openEditor(shop.root)
  })
  afterAll(async () => {
    expect(await client.close()).toBe(0)
    shop.remove()
  })
  const ask = async (file: string, marked: string, newName: string): Promise<WorkspaceEdit> => {
    await open(client, shop.root, file)
    const params = { ...place(client, shop.root, file, marked), newName }
    return await client.connection.sendRequest<WorkspaceEdit>('textDocument/rename', params)
  }

  test('a column that a macro reads is refused, at the place in the macro', async () => {
    const file = 'snapshots/globalmart/dim_products.sql'
    const refused = ask(file, 's.category_stretch) as cat|egory', 'product_category')
    await expect(refused).rejects.toThrow(/macros\/globalmart\/product_standing\.sql:\d+:\d+ {2}/)
  })

  test('what is left compiles, and all other columns come from where they came', async () => {
    const file = 'models/globalmart/analytics/customer_segments.sql'
    const edit = await ask(file, 'as customer_c|ount', 'customers')
    const after = applied(shop.root, edit)
    expect(Object.keys(after)).toEqual(
      expect.arrayContaining([
        'analyses/globalmart/q2_customer_segmentation_summary.sql',
        'models/globalmart/analytics/analytics.yml',
        'tests/globalmart/customer_segments_add_up.sql',
      ]),
    )
    const before = await lineageOf(shop.root)
    for (const [changed, text] of Object.entries(after)) {
      writeFileSync(join(shop.root, changed), text)
    }
    const now = await lineageOf(shop.root)
    const own = 'model.globalmart.customer_segments'
    expect(columnsOf(now, own)).toEqual(
      columnsOf(before, own).map((name) => (name === 'customer_count' ? 'customers' : name)),
    )
    const others = Object.keys(before).filter((id) => id !== own && !id.startsWith('test.'))
    expect(others.length).toBeGreaterThan(30)
    for (const id of others) expect(columnsOf(now, id)).toEqual(columnsOf(before, id))
  })
})

type Lineage = Readonly<Record<string, { readonly columns: readonly { readonly name: string }[] }>>

async function lineageOf(folder: string): Promise<Lineage> {
  return JSON.parse((await gm(folder, ['lineage', '--output', 'json'])).stdout) as Lineage
}

function columnsOf(lineage: Lineage, id: string): readonly string[] {
  return lineage[id]?.columns.map(({ name }) => name) ?? []
}
