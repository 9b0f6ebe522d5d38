import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../project/package-folder.ts'

type Files = Readonly<Record<string, string | Buffer>>

export type Template = 'minimal' | 'globalmart'

/** The files of a new project by path, with forward slashes. */
export function templateFiles(template: Template, name: string): Files {
  return template === 'minimal' ? minimal(name) : globalmart()
}

function minimal(name: string): Files {
  return {
    'project.yml': `# A gm project. Without targets: gm builds in a PostgreSQL of its own, in the folder .gm.
name: ${name}
version: '1.0.0'

models:
  ${name}:
    marts:
      +materialized: table
`,
    '.gitignore': '.gm/\ntarget/\nlogs/\n.env\n',
    'seeds/raw_orders.csv': `order_id,customer,ordered_on,amount
1,ann,2026-01-02,20.00
2,ben,2026-01-03,35.50
3,ann,2026-02-01,12.25
`,
    'models/staging/stg_orders.sql': `select
  order_id,
  customer,
  ordered_on,
  amount
from {{ ref('raw_orders') }}
`,
    'models/marts/customers.sql': `select
  customer,
  count(*) as orders,
  sum(amount) as revenue,
  max(ordered_on) as last_order_on
from {{ ref('stg_orders') }}
group by customer
`,
    'models/schema.yml': `models:
  - name: stg_orders
    description: One row an order.
    columns:
      - name: order_id
        data_tests: [unique, not_null]
  - name: customers
    description: One row a customer, with what they bought.
    columns:
      - name: customer
        data_tests: [unique, not_null]
`,
  }
}

const PARTS = ['models', 'macros', 'snapshots', 'seeds', 'tests', 'analyses', 'ingest/mappings']

/** The warehouse that comes with gm, as it stands in gm's own folder. */
function globalmart(): Files {
  const root = packageFolder()
  const files: Record<string, string | Buffer> = {
    'project.yml': readFileSync(join(root, 'project.yml')),
    '.gitignore': '.gm/\ntarget/\nlogs/\n.env\n',
  }
  for (const part of PARTS) {
    for (const entry of readdirSync(join(root, part), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      files[path.slice(root.length + 1).replaceAll('\\', '/')] = readFileSync(path)
    }
  }
  return files
}
