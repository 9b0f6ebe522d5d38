import { GmError } from '../base/error.ts'
import { checkNodeConfig, isConfigKey } from '../manifest/config-schema.ts'
import type { Path } from '../project/explain-issues.ts'
import { show } from '../project/explain-issues.ts'
import type { TestedTable } from './name-test.ts'
import { nameTest } from './name-test.ts'
import type { NamedTest, TestProperties } from './properties.ts'
import type { RawTest } from './properties-schema.ts'
import type { Reading } from './reading.ts'
import { placesBelow } from './reading.ts'

type Mapping = Readonly<Record<string, unknown>>

/** Where a test is listed: under a table, or under a column of it. */
export interface TestedPlace {
  readonly on: TestedTable
  readonly column?: string
}

/**
 * One entry of `data_tests:` in any of dbt's forms: the name alone; a mapping of the name to the rest; or
 * `test_name:` with the rest beside it. Arguments stand under `arguments:` or beside it, and so do the keys of
 * `config:`. An entry with errors adds them to `reading` and gives what can be used: nothing or one test.
 */
export function readTestEntry(
  entry: RawTest,
  tested: TestedPlace,
  path: Path,
  reading: Reading,
): TestProperties[] {
  const at = reading.placeOf(path, 'value')
  if (typeof entry === 'string') {
    const named = nameOf(entry, undefined, {}, tested)
    return [{ test: entry, arguments: {}, config: {}, description: '', at, named }]
  }
  const found = nameAndRest(entry, path, reading)
  if (found === undefined) return []
  const { test, rest, restPath } = found
  const text = (key: 'name' | 'description'): string | undefined => {
    const value = rest[key]
    if (value === undefined || typeof value === 'string') return value
    wrongType(key, 'a text', value, restPath, reading)
    return undefined
  }
  const name = text('name')
  const given = readArguments(rest, restPath, reading)
  return [
    {
      test,
      ...(name !== undefined && { name }),
      arguments: given,
      config: readConfig(rest, restPath, reading),
      description: text('description') ?? '',
      at,
      named: nameOf(test, name, given, tested),
    },
  ]
}

function nameOf(
  written: string,
  name: string | undefined,
  given: Mapping,
  { on, column }: TestedPlace,
): NamedTest {
  const dot = written.indexOf('.')
  const named = nameTest({
    test: written.slice(dot + 1),
    ...(dot !== -1 && { namespace: written.slice(0, dot) }),
    on,
    ...(column !== undefined && { column }),
    arguments: given,
    ...(name !== undefined && { name }),
  })
  return { name: named.name, hash: named.hash, checksum: named.checksum }
}

function nameAndRest(
  entry: Mapping,
  path: Path,
  reading: Reading,
): { test: string; rest: Mapping; restPath: Path } | undefined {
  if (Object.hasOwn(entry, 'test_name')) {
    const { test_name: test, ...rest } = entry
    if (typeof test === 'string') return { test, rest, restPath: path }
    wrongType('test_name', 'a text', test, path, reading)
    return undefined
  }
  const [test, ...others] = Object.keys(entry)
  if (test === undefined || others.length > 0) {
    // Mostly arguments that are not indented below the test's name.
    const problem = test === undefined ? 'no key' : `the keys ${[test, ...others].join(', ')}`
    reading.errors.push(
      new GmError('GM1003', `a test must have one key, its name; this has ${problem}`, {
        at: reading.placeOf(path),
        hint: test === undefined ? 'Write the name.' : `Indent the others below "${test}".`,
      }),
    )
    return undefined
  }
  const rest = entry[test]
  if (rest === null) return { test, rest: {}, restPath: [...path, test] }
  if (isMapping(rest)) return { test, rest, restPath: [...path, test] }
  wrongType(test, 'a mapping of arguments', rest, path, reading)
  return undefined
}

/** Keys of an entry that are neither an argument nor a key of its configuration. */
const OWN_KEYS: ReadonlySet<string> = new Set(['name', 'description', 'arguments', 'config'])

function readArguments(rest: Mapping, path: Path, reading: Reading): Mapping {
  const beside = Object.entries(rest).filter(
    ([key]) => !OWN_KEYS.has(key) && !isConfigKey('test', key),
  )
  return { ...Object.fromEntries(beside), ...mappingAt('arguments', rest, path, reading) }
}

function readConfig(rest: Mapping, path: Path, reading: Reading): TestProperties['config'] {
  const beside = Object.entries(rest).filter(([key]) => isConfigKey('test', key))
  const nested = mappingAt('config', rest, path, reading)
  const outer = checkNodeConfig('test', Object.fromEntries(beside), placesBelow(path, reading))
  const inner = checkNodeConfig('test', nested, placesBelow([...path, 'config'], reading))
  reading.errors.push(...outer.errors, ...inner.errors)
  return { ...outer.config, ...inner.config }
}

function mappingAt(
  key: 'arguments' | 'config',
  rest: Mapping,
  path: Path,
  reading: Reading,
): Mapping {
  const value = rest[key] ?? {}
  if (isMapping(value)) return value
  wrongType(key, 'a mapping', value, path, reading)
  return {}
}

function wrongType(
  key: string,
  expected: string,
  value: unknown,
  path: Path,
  reading: Reading,
): void {
  reading.errors.push(
    new GmError('GM1003', `"${key}" must be ${expected}, not ${show(value)}`, {
      at: reading.placeOf([...path, key], 'value'),
    }),
  )
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
