import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { randomFrom } from '../runner/testing/random.ts'

export interface GeneratedProject {
  readonly models: number
  /** The same seed gives the same files. */
  readonly seed: number
  /** Columns of each model; four, and three in the first layer, where none are given. */
  readonly columns?: number
}

const LAYERS = 10
const MODELS_PER_FILE = 20

/**
 * The files of a project of small models in layers, each with two tests, properties for twenty models a file: what
 * parsing is measured on.
 */
export function generateProject({
  models,
  seed,
  columns = 0,
}: GeneratedProject): ReadonlyMap<string, string> {
  const random = randomFrom(seed)
  const files = new Map<string, string>()
  const more = Array.from({ length: Math.max(0, columns - 4) }, (_, i) => `value_${i + 1}`)
  const perLayer = Math.max(1, Math.ceil(models / LAYERS))
  files.set(
    'project.yml',
    ['name: bench', "version: '1.0'", 'models:', '  bench:', '    +materialized: view', ''].join(
      '\n',
    ),
  )
  files.set(
    'models/sources.yml',
    ['sources:', '  - name: raw', '    tables:', '      - name: events', ''].join('\n'),
  )
  for (let i = 0; i < models; i++) {
    const layer = Math.floor(i / perLayer)
    files.set(`models/layer_${layer}/${nameOf(i)}.sql`, modelText(i, layer, perLayer, more, random))
  }
  for (let first = 0; first < models; first += MODELS_PER_FILE) {
    const last = Math.min(models, first + MODELS_PER_FILE)
    const entries = Array.from({ length: last - first }, (_, i) => propertiesOf(first + i))
    files.set(`models/properties_${first}.yml`, ['models:', ...entries.flat(), ''].join('\n'))
  }
  return files
}

/** Writes generated files below a folder. */
export function writeProject(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
}

function nameOf(i: number): string {
  return `model_${String(i).padStart(5, '0')}`
}

function modelText(
  i: number,
  layer: number,
  perLayer: number,
  more: readonly string[],
  random: () => number,
): string {
  const each = (write: (name: string) => string): string =>
    more.map((name) => `, ${write(name)}`).join('')
  if (layer === 0) {
    const made = each((name) => `(payload->>'${name}')::numeric as ${name}`)
    const other = more.length === 0 ? '' : `, payload->>'other_name' as other_name`
    return `select id, payload->>'name' as name${other}, ${i} as origin${made}\nfrom {{ source('raw', 'events') }}\nwhere id % ${i + 1} = 0\n`
  }
  const parent = (): string => nameOf((layer - 1) * perLayer + Math.floor(random() * perLayer))
  const materialized = random() < 0.2 ? "{{ config(materialized='table') }}\n" : ''
  return `${materialized}with left_side as (
  select id, name, origin${each((name) => name)} from {{ ref('${parent()}') }}
),
right_side as (
  select id, name as other_name from {{ ref('${parent()}') }}
)
select left_side.id, left_side.name, right_side.other_name, ${i} as origin${each((name) => `left_side.${name}`)}
from left_side
join right_side using (id)
`
}

function propertiesOf(i: number): string[] {
  return [
    `  - name: ${nameOf(i)}`,
    `    description: The model number ${i}.`,
    '    columns:',
    '      - name: id',
    '        description: Key.',
    '        data_tests:',
    '          - not_null',
    '          - unique',
  ]
}
