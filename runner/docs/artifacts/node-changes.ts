import type { Change } from '../../select/earlier-state.ts'

/** What is compared of a node: its entry in manifest.json, of an earlier run or made from the project as it is. */
export type Entry = Readonly<Record<string, unknown>>

/** The two manifests that entries belong to, for what stands outside of a node. */
export interface Sides {
  readonly old: Entry
  readonly new: Entry
  /** dbt's manifests have no hashes of values, and `config()` of the file among what YAML says. */
  readonly isOldFromGm: boolean
}

/** Keys that people read and that change no table, and those that `modified.relation` is about. */
const NOT_COMPARED = new Set([
  'tags',
  'meta',
  'docs',
  'group',
  'access',
  'reads',
  'alias',
  'schema',
  'database',
])
const READABLE = new Set(['tags', 'meta'])
const NAMES = ['alias', 'schema', 'database'] as const

/**
 * In what a node differs from its earlier self. It is compared by what people wrote and by the values that it reads,
 * never by what another target makes of it: schemas of developers and of production differ and mean nothing.
 *
 * @param naming macros that name relations; they count as used by every node that has one.
 */
export function nodeChanges(
  before: Entry,
  after: Entry,
  sides: Sides,
  naming: readonly string[],
): ReadonlySet<Change> {
  const changes = new Set<Change>()
  const isBodyChanged = bodyOf(before) !== bodyOf(after)
  if (isBodyChanged) changes.add('body')
  if (isConfigChanged(before, after, sides, isBodyChanged)) changes.add('configs')
  if (isRelationChanged(before, after, sides, isBodyChanged)) changes.add('relation')
  if (areDescriptionsChanged(before, after)) changes.add('persisted_descriptions')
  if (areMacrosChanged(before, after, sides, naming)) changes.add('macros')
  if (isContractChanged(before, after)) changes.add('contract')
  if (sides.isOldFromGm && areValuesChanged(before, after, sides.new)) changes.add('values')
  // Another version or another package's model behind a ref, with not a letter changed here.
  if (sides.isOldFromGm && parentsOf(before) !== parentsOf(after)) changes.add('inputs')
  return changes
}

/** The text as written; a CSV's content; for a test of YAML which test it is, with its arguments. */
function bodyOf(entry: Entry): string {
  if (entry['resource_type'] === 'seed') return stable(recordOf(entry['checksum'])['checksum'])
  if (entry['resource_type'] === 'unit_test') return stable(entry['checksum'])
  const test = entry['test_metadata']
  if (test === undefined || test === null) return plainText(entry['raw_code'])
  const { name, namespace, kwargs } = recordOf(test)
  // What `model` holds is dbt's own template for the table under test, which the other arguments stand for.
  const given = Object.entries(recordOf(kwargs)).filter(([key]) => key !== 'model')
  return stable([
    name,
    namespace ?? null,
    Object.fromEntries(given),
    entry['attached_node'] ?? null,
  ])
}

/** Line ends and blanks at the end differ between systems and editors, not in meaning. */
function plainText(text: unknown): string {
  return typeof text === 'string' ? text.replaceAll('\r\n', '\n').trim() : ''
}

function isConfigChanged(
  before: Entry,
  after: Entry,
  { isOldFromGm, new: now }: Sides,
  isBodyChanged: boolean,
): boolean {
  const text = textsOf(after, now).join('\n')
  // What people write for people counts where a template reads it.
  const unread = new Set([...NOT_COMPARED].filter((key) => !READABLE.has(key) || !named(text, key)))
  const differ = (key: 'config' | 'unrendered_config', keys?: ReadonlySet<string>): boolean =>
    stable(comparable(before[key], unread, keys)) !== stable(comparable(after[key], unread, keys))
  if (!isOldFromGm) {
    // Keys that only one of the tools knows say nothing.
    const both = Object.keys(recordOf(before['config'])).filter(
      (key) => key in recordOf(after['config']),
    )
    return differ('config', new Set(both))
  }
  // config() of the file follows from its text: it is looked at where the text is another.
  return differ('unrendered_config') || (isBodyChanged && differ('config'))
}

function named(text: string, word: string): boolean {
  return new RegExp(`\\b${word}(?:_get|_require)?\\b`).test(text)
}

function comparable(
  config: unknown,
  unread: ReadonlySet<string>,
  keys?: ReadonlySet<string>,
): Entry {
  return Object.fromEntries(
    Object.entries(recordOf(config)).filter(
      ([key, value]) =>
        !unread.has(key) && (keys?.has(key) ?? true) && value !== null && value !== undefined,
    ),
  )
}

/** Names as they are written; where the file's text is another, those that config() in it gives too. */
function isRelationChanged(
  before: Entry,
  after: Entry,
  { isOldFromGm }: Sides,
  isBodyChanged: boolean,
): boolean {
  if (before['resource_type'] === 'source') {
    const schema = (entry: Entry): unknown => entry['unrendered_schema'] ?? entry['schema']
    const hasBoth = before['unrendered_schema'] != null && after['unrendered_schema'] != null
    const isMoved = hasBoth || isOldFromGm ? schema(before) !== schema(after) : false
    const isElsewhere = !hasBoth && !isOldFromGm && before['schema'] !== after['schema']
    return isMoved || isElsewhere || before['identifier'] !== after['identifier']
  }
  const sections = isOldFromGm && !isBodyChanged ? ['unrendered_config'] : ['config']
  return sections.some((section) =>
    NAMES.some(
      (key) => (recordOf(before[section])[key] ?? null) !== (recordOf(after[section])[key] ?? null),
    ),
  )
}

/** Descriptions count where the database is told them. */
function areDescriptionsChanged(before: Entry, after: Entry): boolean {
  const persisted = recordOf(recordOf(after['config'])['persist_docs'])
  const columns = (entry: Entry): unknown =>
    Object.entries(recordOf(entry['columns'])).map(([name, column]) => [
      name,
      recordOf(column)['description'],
    ])
  return (
    (persisted['relation'] === true && before['description'] !== after['description']) ||
    (persisted['columns'] === true && stable(columns(before)) !== stable(columns(after)))
  )
}

function areMacrosChanged(
  before: Entry,
  after: Entry,
  sides: Sides,
  naming: readonly string[],
): boolean {
  const isPlaced = after['relation_name'] !== null && after['resource_type'] !== 'source'
  const then = macrosOf(before)
  const now = macrosOf(after)
  // Another macro behind a name: one that newly shadows gm's, or one of another package.
  if (sides.isOldFromGm && stable(then) !== stable(now)) return true
  return [...now, ...(isPlaced ? naming : [])].some(
    (id) => macroText(sides.old, id) !== macroText(sides.new, id),
  )
}

function macrosOf(entry: Entry): readonly string[] {
  const macros = recordOf(entry['depends_on'])['macros']
  return Array.isArray(macros) ? (macros as readonly string[]) : []
}

function macroText(manifest: Entry, id: string): string | undefined {
  const macro = recordOf(manifest['macros'])[id]
  return macro === undefined ? undefined : plainText(recordOf(macro)['macro_sql'])
}

function isContractChanged(before: Entry, after: Entry): boolean {
  const contracts = [before, after].map((entry) => {
    const { enforced, checksum } = recordOf(entry['contract'])
    return enforced === true ? [true, checksum ?? null] : [false]
  })
  return stable(contracts[0]) !== stable(contracts[1])
}

function areValuesChanged(before: Entry, after: Entry, now: Entry): boolean {
  const reads = (entry: Entry): Entry => recordOf(recordOf(entry['unrendered_config'])['reads'])
  const [then, since] = [reads(before), reads(after)]
  if (then['materialization'] !== since['materialization']) return true
  const texts = textsOf(after, now)
  const [order, newOrder] = [recordOf(then['dispatch']), recordOf(since['dispatch'])]
  for (const owner of Object.keys({ ...order, ...newOrder })) {
    const asks = new RegExp(`dispatch\\([^)]*['"]${owner}['"]`)
    const isAsked = owner === 'dbt' || texts.some((text) => asks.test(text))
    if (isAsked && stable(order[owner]) !== stable(newOrder[owner])) return true
  }
  return (['vars', 'env'] as const).some((kind) => {
    const [old, current] = [recordOf(then[kind]), recordOf(since[kind])]
    return Object.keys({ ...old, ...current }).some(
      (name) => old[name] !== current[name] && !onlyNames(name, texts),
    )
  })
}

/** The templates that decide what a node says: its own and those of the macros that it reaches. */
function textsOf(entry: Entry, manifest: Entry): readonly string[] {
  const own = [plainText(entry['raw_code']), stable(recordOf(entry['config'])['pre-hook'] ?? '')]
  own.push(stable(recordOf(entry['config'])['post-hook'] ?? ''))
  return [...own, ...macrosOf(entry).map((id) => macroText(manifest, id) ?? '')]
}

const NAMING_ARGUMENT = /\bconfig\([^{}%]*\b(?:schema|alias|database|target_schema)\s*=\s*[^,=]*$/

/** Whether a variable is read only in what `config()` says of the relation's name, which another target changes too. */
function onlyNames(name: string, texts: readonly string[]): boolean {
  const places = texts.flatMap((text) =>
    [...text.matchAll(/\b(?:env_var|var)\(\s*(['"])(.*?)\1/g)]
      .filter(([, , read]) => read === name)
      .map(({ index }) => NAMING_ARGUMENT.test(text.slice(0, index))),
  )
  return places.length > 0 && places.every(Boolean)
}

function parentsOf(entry: Entry): string {
  return stable(recordOf(entry['depends_on'])['nodes'] ?? [])
}

function recordOf(value: unknown): Entry {
  return typeof value === 'object' && value !== null ? (value as Entry) : {}
}

/** JSON with sorted keys: the order in which people write keys means nothing. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
