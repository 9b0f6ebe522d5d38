import { hash } from 'node:crypto'

/** What a test is written on. */
export type TestedTable =
  | { readonly kind: 'node'; readonly name: string; readonly version?: string | number }
  | { readonly kind: 'source'; readonly source: string; readonly table: string }

/** A generic test as it is written in a properties file. */
export interface TestCall {
  readonly test: string
  /** The package in `my_package.my_test`. */
  readonly namespace?: string
  readonly on: TestedTable
  readonly column?: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** Given by the user with `name:`. */
  readonly name?: string
}

export interface TestName {
  readonly name: string
  /** The name where it must fit into 63 bytes. */
  readonly alias: string
  /** Ten hex digits that tell apart tests of one name; the last part of the id. */
  readonly hash: string
  /** md5 over the name and all arguments, in hex. */
  readonly checksum: string
}

/**
 * Names a generic test exactly as dbt does, so that ids in existing selectors and artifacts stay valid.
 * Source: behaviour of dbt 1.x; the ids in the tests are those of dbt's own jaffle_shop.
 */
export function nameTest(call: TestCall): TestName {
  const args: Record<string, unknown> = { ...call.arguments }
  if (call.column !== undefined) args.column_name = call.column

  const generated = generateName(call, args)
  const name = call.name ?? generated.name
  const version = call.on.kind === 'node' ? call.on.version : undefined
  const model =
    call.on.kind === 'node'
      ? `ref('${call.on.name}'${version === undefined ? '' : `, version='${version}'`})`
      : `source('${call.on.source}', '${call.on.table}')`
  const identity = {
    name: call.test,
    namespace: call.namespace ?? null,
    kwargs: { ...args, model: `{{ get_where_subquery(${model}) }}` },
  }
  const checksum = hash('md5', name + pythonRepr(identity))
  return { name, alias: call.name ?? generated.alias, hash: checksum.slice(-10), checksum }
}

function generateName(
  call: TestCall,
  args: Readonly<Record<string, unknown>>,
): { name: string; alias: string } {
  const parts = Object.keys(args)
    .sort()
    .flatMap((key) => flatten(args[key]))
    .map((part) => part.replace(/[^0-9a-zA-Z_]+/g, '_'))
  let test = call.test
  if (call.namespace !== undefined) test = `${call.namespace}_${test}`
  if (call.on.kind === 'source') test = `source_${test}`
  const target = tableName(call.on)
  const stem = `${test}_${target}`
  const name = `${stem}_${parts.join('__')}`
  const alias = name.length < 64 ? name : `${stem.slice(0, 30)}_${hash('md5', name)}`
  return { name, alias }
}

function tableName(on: TestedTable): string {
  if (on.kind === 'source') return `${on.source}_${on.table}`
  return on.version === undefined ? on.name : `${on.name}_v${on.version}`
}

function flatten(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(pythonStr)
  if (typeof value === 'object' && value !== null) return Object.values(value).map(pythonStr)
  return [pythonStr(value)]
}

/** What Python's `str()` prints for a value out of YAML. */
function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value, (scalar) => scalar)
}

/**
 * What Python's `repr()` prints. In a test's identity every scalar is a string first, so numbers and booleans
 * stand in quotes there.
 */
function pythonRepr(value: unknown, scalar: (text: string) => string = quote): string {
  if (value === null || value === undefined) return scalar('None')
  if (value === true) return scalar('True')
  if (value === false) return scalar('False')
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map((item) => pythonRepr(item, scalar)).join(', ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${entries.map(([key, item]) => `${quote(key)}: ${pythonRepr(item, scalar)}`).join(', ')}}`
  }
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- only numbers and bigints are left
  return scalar(String(value))
}

function quote(text: string): string {
  // Nearly all names: thousands of tests are named in each parse.
  if (!/['\\\n\r\t]/.test(text)) return `'${text}'`
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
}
