import type { Document } from 'yaml'
import { isScalar, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { withoutByteOrderMark } from '../../runner/base/byte-order-mark.ts'
import type { Code } from '../../runner/base/codes.ts'
import { GmError, throwAll } from '../../runner/base/error.ts'
import type { Location } from '../../runner/base/location.ts'
import { locationAt } from '../../runner/base/location.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { TYPE_WORDS } from '../../runner/base/type-words.ts'

/** The place of a value or, with `key`, of a key in the mapping at the path; else of what is nearest around it. */
export type PlaceOf = (path: readonly PropertyKey[], key?: string) => Location

/** How mistakes are told: under which code, and all keys that the file may hold. */
export interface Told {
  readonly code: Code
  readonly keys: readonly string[]
}

/**
 * Reads a YAML file by a strict schema.
 * @param prepare changes the plain values before they are checked
 * @throws GmError of the code in `told`, one for every mistake, each with its place
 */
export function readPlacedYaml<Schema extends z.ZodType>(
  content: string,
  file: string,
  schema: Schema,
  told: Told,
  prepare: (value: unknown, placeOf: PlaceOf) => unknown = (value) => value,
): { readonly value: z.output<Schema>; readonly placeOf: PlaceOf } {
  const text = withoutByteOrderMark(content)
  const doc = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false })
  throwAll(
    doc.errors.map(
      (e) => new GmError(told.code, e.message, { at: locationAt(text, e.pos[0], file) }),
    ),
  )
  const placeOf: PlaceOf = (path, key) => locationAt(text, offsetOf(doc, path, key), file)
  const parsed = schema.safeParse(prepare(doc.toJS(), placeOf), { reportInput: true })
  if (!parsed.success) {
    throwAll(parsed.error.issues.flatMap((issue) => explain(issue, [], placeOf, told)))
    throw parsed.error
  }
  return { value: parsed.data, placeOf }
}

type Issue = z.core.$ZodIssue

function explain(
  issue: Issue,
  above: readonly PropertyKey[],
  placeOf: PlaceOf,
  told: Told,
): GmError[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The form that the author most likely meant has the fewest keys that it does not know.
    const [meant = []] = formsOf(issue).sort((a, b) => strangeness(a) - strangeness(b))
    // What else is missing is missing because a key is misspelt.
    const unknown = meant.filter((inner) => inner.code === 'unrecognized_keys')
    const worst = unknown.length > 0 ? unknown : meant
    return worst.flatMap((inner) => explain(inner, path, placeOf, told))
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) =>
        new GmError(told.code, `Unknown key "${key}".`, {
          at: placeOf(path, key),
          hint: didYouMean(key, told.keys) ?? `The keys are ${told.keys.join(', ')}.`,
        }),
    )
  }
  const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `
  if (issue.code === 'invalid_type') {
    const isMissing = issue.input === undefined
    const type = TYPE_WORDS[issue.expected] ?? issue.expected
    const message = isMissing
      ? `${path.map(String).join('.')} is missing.`
      : `${where}must be ${type}.`
    const hint = isMissing ? `It is ${type}.` : undefined
    return [new GmError(told.code, message, { at: placeOf(path), hint })]
  }
  return [new GmError(told.code, `${where}${issue.message}`, { at: placeOf(path) })]
}

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
