import { readFile } from 'node:fs/promises'
import type { Document } from 'yaml'
import { isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { GmError, throwAll } from '../../runner/base/error.ts'
import type { Location } from '../../runner/base/location.ts'
import { locationAt } from '../../runner/base/location.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { TOPICS } from '../topics/registry.ts'
import { MappingFile } from './mapping-schema.ts'

/** Reads a mapping file. @throws GmError GM7002 for every mistake in it, with its place. */
export async function readMapping(path: string): Promise<MappingFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new GmError('GM7002', `The mapping ${path} cannot be read.`, {
      hint: 'Give the path of a YAML file; the one for UCI is ingest/mappings/online-retail.yml.',
      cause,
    })
  }
  return parseMapping(text, path)
}

/** @param file name of the mapping in errors. @throws GmError GM7002 */
export function parseMapping(text: string, file: string): MappingFile {
  const doc = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false })
  throwAll(
    doc.errors.map(
      (e) => new GmError('GM7002', e.message, { at: locationAt(text, e.pos[0], file) }),
    ),
  )
  const placeOf = (path: readonly PropertyKey[], key?: string): Location =>
    locationAt(text, offsetOf(doc, path, key), file)
  const parsed = MappingFile.safeParse(doc.toJS())
  if (!parsed.success) {
    throwAll(parsed.error.issues.flatMap((issue) => explain(issue, [], placeOf)))
    throw parsed.error
  }
  throwAll(checkNames(parsed.data, placeOf))
  return parsed.data
}

type PlaceOf = (path: readonly PropertyKey[], key?: string) => Location
type Issue = z.core.$ZodIssue

function explain(issue: Issue, above: readonly PropertyKey[], placeOf: PlaceOf): GmError[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The form that the author most likely meant has the fewest keys that it does not know.
    const [meant = []] = formsOf(issue).sort((a, b) => strangeness(a) - strangeness(b))
    // What else is missing is missing because a key is misspelt.
    const unknown = meant.filter((inner) => inner.code === 'unrecognized_keys')
    const told = unknown.length > 0 ? unknown : meant
    return told.flatMap((inner) => explain(inner, path, placeOf))
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) =>
        new GmError('GM7002', `Unknown key "${key}".`, {
          at: placeOf(path, key),
          hint: didYouMean(key, KEYS) ?? `The keys are ${KEYS.join(', ')}.`,
        }),
    )
  }
  const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `
  return [new GmError('GM7002', `${where}${issue.message}`, { at: placeOf(path) })]
}

const KEYS = [
  ...['topic', 'delimiter', 'reject', 'fields', 'column', 'constant', 'transforms', 'cases'],
  ...['when', 'otherwise', 'amount', 'multiply', 'subtract', 'scale', 'equals', 'starts_with'],
  ...['matches', 'blank', 'because', 'decimal', 'timestamp'],
]

/** What each form of a union says against a value, unions in unions taken apart. */
function formsOf(issue: Issue): (readonly Issue[])[] {
  if (issue.code !== 'invalid_union') return []
  return issue.errors.flatMap((form) => {
    const [only] = form
    const isUnion = form.length === 1 && only?.code === 'invalid_union' && only.path.length === 0
    return isUnion && only.errors.length > 0 ? formsOf(only) : [form]
  })
}

function strangeness(form: readonly Issue[]): number {
  const unknown = form.flatMap((i) => (i.code === 'unrecognized_keys' ? i.keys : []))
  return unknown.length * 100 + form.length
}

/** Offset of a key or, without one, of the value at the path; of what is nearest around it. */
function offsetOf(doc: Document, path: readonly PropertyKey[], key?: string): number {
  for (let n = path.length; n >= 0; n--) {
    const node = n === 0 ? doc.contents : doc.getIn(path.slice(0, n), true)
    const pairs = readPairs(node)
    const pair = n === path.length ? pairs.find((p) => p.key === key) : undefined
    if (pair !== undefined) return pair.offset
    const range = (node as { range?: readonly number[] } | null | undefined)?.range
    if (range?.[0] !== undefined) return range[0]
  }
  return 0
}

function readPairs(node: unknown): readonly { key: unknown; offset: number }[] {
  const items = (node as { items?: readonly { key?: unknown }[] } | null | undefined)?.items ?? []
  return items.flatMap(({ key }) =>
    isScalar(key) ? [{ key: key.value, offset: key.range?.[0] ?? 0 }] : [],
  )
}

/** Topics and fields that do not exist, and amounts of fields that do not come before them. */
function checkNames(mapping: MappingFile, placeOf: PlaceOf): GmError[] {
  const topic = TOPICS.find((candidate) => candidate.name === mapping.topic)
  if (topic === undefined) {
    const names = TOPICS.map((candidate) => candidate.name)
    const hint = didYouMean(mapping.topic, names) ?? `The topics are ${names.join(', ')}.`
    const at = placeOf(['topic'])
    return [new GmError('GM7002', `There is no topic "${mapping.topic}".`, { at, hint })]
  }
  const errors: GmError[] = []
  const known = Object.keys(topic.event.shape)
  const earlier = new Set<string>()
  for (const [name, field] of Object.entries(mapping.fields)) {
    if (!known.includes(name)) {
      const message = `Events of ${topic.name} have no field "${name}".`
      const at = placeOf(['fields'], name)
      const hint = didYouMean(name, known) ?? `The fields are ${known.join(', ')}.`
      errors.push(new GmError('GM7002', message, { at, hint }))
    }
    if ('amount' in field) {
      const { multiply, subtract } = field.amount
      for (const part of subtract === undefined ? multiply : [...multiply, subtract]) {
        if (earlier.has(part)) continue
        const message = `The amount needs "${part}", which is not mapped above it.`
        const at = placeOf(['fields'], name)
        errors.push(new GmError('GM7002', message, { at, hint: didYouMean(part, earlier) }))
      }
    }
    earlier.add(name)
  }
  for (const [i, { matches }] of mapping.reject.entries()) {
    if (matches !== undefined && !isPattern(matches)) {
      const at = placeOf(['reject', i, 'matches'])
      errors.push(new GmError('GM7002', `"${matches}" is no regular expression.`, { at }))
    }
  }
  return errors
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}
