import type { Pair, Scalar } from 'yaml'
import { isMap, isPair, isScalar, isSeq, parseDocument, stringify, visit } from 'yaml'
import type { Stretch } from './sql-places.ts'

/** A text for a stretch of a file. */
export interface TextChange extends Stretch {
  readonly text: string
}

/** What renaming one column changes in a properties file, and what it cannot. */
export interface YamlChanges {
  readonly changes: readonly TextChange[]
  /** Offsets of texts that speak of the column in a way that only a person can change. */
  readonly unclear: readonly number[]
}

/** Configuration whose values are columns of the node, in YAML and in `config()`. */
export const COLUMN_KEYS: ReadonlySet<string> = new Set([
  ...['unique_key', 'updated_at', 'check_cols', 'tie_breakers', 'event_time', 'columns'],
  ...['merge_update_columns', 'merge_exclude_columns', 'surrogate_key'],
])

/** Keys whose values are for people, or never columns. */
const OTHER_KEYS = new Set([
  ...['description', 'meta', 'tags', 'docs', 'group', 'name', 'data_type', 'to', 'values', 'alias'],
  ...['schema', 'grants', 'strategy', 'materialized', 'severity', 'access'],
])

const KINDS = new Set(['models', 'snapshots', 'seeds', 'sources', 'tables'])

/**
 * Follows a column of some nodes of a properties file to its new name: its entry, configuration, and arguments of tests.
 * @param isRenamed whether the column is one of the entry with that name
 * @param refers whether a text, such as the `to` of a relationship, means a node whose column it is
 */
export function yamlChanges(
  text: string,
  column: string,
  to: string,
  isRenamed: (entry: string) => boolean,
  refers: (text: string) => boolean,
): YamlChanges {
  const changes: TextChange[] = []
  const unclear: number[] = []
  const word = wordOf(column)
  const change = (scalar: Scalar, value: string): void => {
    const [start = 0, end = 0] = scalar.range ?? []
    changes.push({ start, end, text: scalarText(value, text.slice(start, end)) })
  }
  visit(parseDocument(text), {
    Scalar: (key, scalar, path) => {
      if (key === 'key' || typeof scalar.value !== 'string' || !word.test(scalar.value)) return
      const pairs = path.filter((one): one is Pair => isPair(one))
      const names = pairs.map((pair) => keyOf(pair))
      const entry = path.findLast((one, i) => isMap(one) && isEntry(path, i))
      const inTest = names.includes('data_tests') || names.includes('tests')
      const own = isMap(entry) && isRenamed(String(entry.get('name')))
      const isWhole = scalar.value === column
      const last = names.at(-1) ?? ''
      if (inTest) {
        const args = path.findLast((one) => isMap(one) && isScalar(one.get('to', true)))
        const target: unknown = isMap(args) ? args.get('to') : undefined
        if (last === 'field' && typeof target === 'string') {
          if (isWhole && refers(target)) change(scalar, to)
        } else if (own && !names.some((name) => OTHER_KEYS.has(name))) {
          const isArgument = names.indexOf('data_tests') + names.indexOf('tests') + 2 < names.length
          if (isArgument) change(scalar, isWhole ? to : outsideStrings(scalar.value, column, to))
        }
        return
      }
      if (!own) return
      if (isWhole && last === 'name' && names.at(-2) === 'columns') change(scalar, to)
      else if (isWhole && COLUMN_KEYS.has(names.findLast((name) => COLUMN_KEYS.has(name)) ?? '')) {
        if (!names.some((name) => OTHER_KEYS.has(name))) change(scalar, to)
      } else if (!names.some((name) => OTHER_KEYS.has(name))) unclear.push(scalar.range?.[0] ?? 0)
    },
  })
  return { changes, unclear }
}

/** The column whose entry of a properties file holds an offset in its name. */
export function yamlColumnAt(
  text: string,
  offset: number,
): { readonly entry: string; readonly column: string; readonly at: Stretch } | undefined {
  let found: { entry: string; column: string; at: Stretch } | undefined
  visit(parseDocument(text), {
    Scalar: (key, scalar, path) => {
      const [start = 0, end = 0] = scalar.range ?? []
      if (key === 'key' || offset < start || offset > end) return
      const names = path.filter((one): one is Pair => isPair(one)).map((pair) => keyOf(pair))
      const entry = path.findLast((one, i) => isMap(one) && isEntry(path, i))
      if (names.at(-1) !== 'name' || names.at(-2) !== 'columns' || !isMap(entry)) return
      const at = { start, end }
      found = { entry: String(entry.get('name')), column: String(scalar.value), at }
    },
  })
  return found
}

/** A pattern for a name as a word of its own. */
export function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped(name)}(?![\\p{L}\\p{N}_$])`, 'u')
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}

/** Whether the map at a place of a path describes a node. */
function isEntry(path: readonly unknown[], i: number): boolean {
  const [list, items] = [path[i - 2], path[i - 1]]
  return isPair(list) && isSeq(items) && KINDS.has(keyOf(list))
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : ''
}

function outsideStrings(sql: string, column: string, to: string): string {
  const word = new RegExp(wordOf(column).source, 'gu')
  return sql
    .split(/('(?:[^']|'')*')/)
    .map((part, i) => (i % 2 === 0 ? part.replaceAll(word, () => to) : part))
    .join('')
}

/** A value as YAML, in the quotes of the text that it replaces where it fits them. */
function scalarText(value: string, before: string): string {
  const quote = before[0]
  if (quote === "'") return `'${value.replaceAll("'", "''")}'`
  if (quote === '"') return JSON.stringify(value)
  const plain = stringify(value, { lineWidth: 0 }).trimEnd()
  return /[\n,[\]{}]/.test(plain) && !plain.startsWith('"') ? JSON.stringify(value) : plain
}
