import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import { parseYaml } from '../project/yaml-with-places.ts'
import { parseCriterion } from './parse-selector.ts'
import type { Criterion, IndirectSelection, Selector } from './selector.ts'
import { INDIRECT_SELECTIONS } from './selector.ts'

/** One entry of selectors.yml. */
export interface NamedSelector {
  readonly name: string
  readonly description: string
  /** Taken where a command is given no selection at all. */
  readonly isDefault: boolean
  readonly definition: Selector
  /** As written, for manifest.json. */
  readonly written: unknown
  readonly at: Location
}

type Path = readonly (string | number)[]

interface Reading {
  readonly placeOf: (path: Path, what?: 'value') => Location
  /** Selectors that stand above and may be referred to. */
  readonly known: Map<string, NamedSelector>
}

const ENTRY_KEYS = ['name', 'description', 'default', 'definition']
const CRITERION_KEYS = [
  'method',
  'value',
  'parents',
  'parents_depth',
  'children',
  'children_depth',
  'childrens_parents',
  'indirect_selection',
  'exclude',
]

/**
 * Reads selectors.yml in dbt's form: named definitions of `union`, `intersection`, `exclude`, `method` and `value`, or
 * texts as `--select` takes them. A definition may refer to one that stands above it by `method: selector`.
 * An empty file has no selectors.
 *
 * @throws GmError or GmErrors GM1002 unknown key, GM1003 wrong type or value, GM1004 YAML syntax, GM2002 a name or a
 *   default twice, GM3002 a selector that cannot be read.
 */
export function readSelectors(text: string, file: string): ReadonlyMap<string, NamedSelector> {
  const yaml = parseYaml(text, file)
  const reading: Reading = { placeOf: yaml.placeOf, known: new Map() }
  const root = yaml.value ?? {}
  if (!isMapping(root)) throw wrong('selectors.yml is a mapping with "selectors"', [], reading)
  refuseOtherKeys(root, ['selectors', 'version'], [], reading)
  const entries = root['selectors'] ?? []
  if (!Array.isArray(entries)) throw wrong('"selectors" is a list', ['selectors'], reading)
  const errors: GmError[] = []
  for (const [i, entry] of entries.entries()) {
    try {
      const read = readEntry(entry, ['selectors', i], reading)
      reading.known.set(read.name, read)
    } catch (error) {
      if (!(error instanceof GmError)) throw error
      errors.push(error)
    }
  }
  throwAll(errors)
  return reading.known
}

function readEntry(entry: unknown, path: Path, reading: Reading): NamedSelector {
  if (!isMapping(entry)) throw wrong('a selector has a name and a definition', path, reading)
  refuseOtherKeys(entry, ENTRY_KEYS, path, reading)
  const { name, description = '', definition } = entry
  if (typeof name !== 'string') throw wrong('a selector needs a name', path, reading)
  if (definition === undefined) throw wrong(`"${name}" needs a definition`, path, reading)
  if (typeof description !== 'string') {
    throw wrong('a description is a text', [...path, 'description'], reading)
  }
  const at = reading.placeOf([...path, 'name'], 'value')
  const isDefault = entry['default'] ?? false
  if (typeof isDefault !== 'boolean') {
    throw wrong('default is true or false', [...path, 'default'], reading)
  }
  if (reading.known.has(name)) {
    throw new GmError('GM2002', `there are two selectors of the name "${name}"`, { at })
  }
  const other = [...reading.known.values()].find((known) => known.isDefault)
  if (isDefault && other !== undefined) {
    throw new GmError('GM2002', `"${other.name}" is the default selector already`, { at })
  }
  return {
    name,
    description,
    isDefault,
    definition: readDefinition(definition, [...path, 'definition'], reading),
    written: definition,
    at,
  }
}

function readDefinition(given: unknown, path: Path, reading: Reading): Selector {
  if (typeof given === 'string') {
    return placed(path, reading, () => withKnownName(parseCriterion(given), path, reading))
  }
  if (!isMapping(given)) {
    throw wrong('a definition is a text or a mapping', path, reading)
  }
  for (const op of ['union', 'intersection'] as const) {
    if (op in given) {
      refuseOtherKeys(given, [op], path, reading)
      return readGroup(op, given[op], [...path, op], reading)
    }
  }
  return readCriterion(given, path, reading)
}

/** A list of definitions, and of at most one `exclude:` that takes away from all of them. */
function readGroup(
  op: 'union' | 'intersection',
  given: unknown,
  path: Path,
  reading: Reading,
): Selector {
  if (!Array.isArray(given)) throw wrong(`"${op}" is a list of definitions`, path, reading)
  const parts: Selector[] = []
  let minus: Selector | undefined
  for (const [i, part] of given.entries()) {
    const here = [...path, i]
    if (isMapping(part) && 'exclude' in part && !('method' in part)) {
      refuseOtherKeys(part, ['exclude'], here, reading)
      if (minus !== undefined) throw wrong(`"${op}" has two exclude lists`, here, reading)
      minus = readExclude(part['exclude'], [...here, 'exclude'], reading)
    } else {
      parts.push(readDefinition(part, here, reading))
    }
  }
  const from: Selector = { op, of: parts }
  return minus === undefined ? from : { op: 'difference', from, minus }
}

function readExclude(given: unknown, path: Path, reading: Reading): Selector {
  if (!Array.isArray(given)) throw wrong('"exclude" is a list of definitions', path, reading)
  return {
    op: 'union',
    of: given.map((part, i) => readDefinition(part, [...path, i], reading)),
  }
}

/** `{method, value, parents, …}`, or `{tag: nightly}` for short. */
function readCriterion(
  given: Readonly<Record<string, unknown>>,
  path: Path,
  reading: Reading,
): Selector {
  const [only, ...others] = Object.keys(given)
  const isShort = only !== undefined && others.length === 0 && !CRITERION_KEYS.includes(only)
  const full: Readonly<Record<string, unknown>> = isShort
    ? { method: only, value: given[only] }
    : given
  refuseOtherKeys(full, CRITERION_KEYS, path, reading)
  const { method, value, exclude } = full
  if (typeof method !== 'string' || !isWord(value)) {
    throw wrong('a definition has a method and a value', path, reading)
  }
  const flag = (key: string): boolean => {
    const word = full[key] ?? false
    if (typeof word !== 'boolean') throw wrong(`${key} is true or false`, [...path, key], reading)
    return word
  }
  const depth = (key: string): number => {
    const count = full[key] ?? Number.POSITIVE_INFINITY
    if (typeof count !== 'number') throw wrong(`${key} is a number`, [...path, key], reading)
    return count
  }
  const [name = '', ...args] = method.split('.')
  const criterion: Criterion = {
    op: 'criterion',
    text: `${method}:${String(value)}`,
    method: name,
    arguments: args,
    value: String(value),
    childrensParents: flag('childrens_parents'),
    parentsDepth: flag('parents') ? depth('parents_depth') : undefined,
    childrenDepth: flag('children') ? depth('children_depth') : undefined,
    ...indirectOf(full['indirect_selection'], path, reading),
  }
  const from = withKnownName(criterion, path, reading)
  if (exclude === undefined) return from
  return { op: 'difference', from, minus: readExclude(exclude, [...path, 'exclude'], reading) }
}

function indirectOf(
  given: unknown,
  path: Path,
  reading: Reading,
): { readonly indirect?: IndirectSelection } {
  if (given === undefined) return {}
  const mode = INDIRECT_SELECTIONS.find((known) => known === given)
  if (mode !== undefined) return { indirect: mode }
  const list = INDIRECT_SELECTIONS.join(', ')
  throw wrong(`indirect_selection is one of ${list}`, [...path, 'indirect_selection'], reading)
}

/** A reference to another selector must find it above: so there is no circle. */
function withKnownName(criterion: Criterion, path: Path, { known, placeOf }: Reading): Selector {
  if (criterion.method !== 'selector' || known.has(criterion.value)) return criterion
  throw new GmError('GM3002', `there is no selector "${criterion.value}" above this one`, {
    at: placeOf(path, 'value'),
    hint:
      didYouMean(criterion.value, known.keys()) ??
      'A selector refers to those that stand above it.',
  })
}

function placed<T>(path: Path, { placeOf }: Reading, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof GmError) || error.at !== undefined) throw error
    const { code, message, hint } = error
    throw new GmError(code, message, { at: placeOf(path, 'value'), hint })
  }
}

function refuseOtherKeys(
  given: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  path: Path,
  { placeOf }: Reading,
): void {
  const other = Object.keys(given).find((key) => !keys.includes(key))
  if (other === undefined) return
  throw new GmError('GM1002', `unknown key "${other}"`, {
    at: placeOf([...path, other]),
    hint: didYouMean(other, keys) ?? `Possible here: ${keys.join(', ')}.`,
  })
}

function wrong(message: string, path: Path, { placeOf }: Reading): GmError {
  return new GmError('GM1003', message, { at: placeOf(path, 'value') })
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWord(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
