import * as z from 'zod'
import type { Code } from '../base/codes.ts'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { nearest } from '../base/nearest.ts'
import { TYPE_WORDS } from '../base/type-words.ts'

export type Path = readonly (string | number)[]

/** Finds the place of a key (unless `part` says value) or of a list's item; the root's for an empty path. */
export type PlaceOf = (path: Path, part?: 'key' | 'value') => Location

/** A key that dbt has and gm does not have yet. Given at all, it is GM1008; JSON Schema shows it as never valid. */
export const notYet = z.never().optional().describe('Not supported by gm yet.')

export function isNotYet(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional
    ? isNotYet(schema.unwrap() as z.ZodType)
    : schema instanceof z.ZodNever
}

/**
 * What is wrong with `value`, in plain words, one error a key: GM1002 unknown key, GM1003 wrong type or value,
 * GM1008 a key of dbt's that gm does not support yet (`notYet` in the schema).
 *
 * A schema's own messages (`z.string().regex(…, 'a name of …')`) must complete the sentence “x must be …”.
 */
export function explainIssues(
  error: z.ZodError,
  schema: z.ZodType,
  value: unknown,
  placeOf: PlaceOf,
): GmError[] {
  const issues = error.issues.filter((issue) => !isMisspelt(issue, error.issues, schema, value))
  return inFileOrder(issues.flatMap((issue) => explain(issue, [], schema, value, placeOf)))
}

/** A key that is missing and stands there in another spelling is one mistake: the unknown key. */
function isMisspelt(
  missing: z.core.$ZodIssue,
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  value: unknown,
): boolean {
  const path = pathOf(missing)
  if (valueAt(value, path) !== undefined) return false
  const parent = path.slice(0, -1)
  return issues.some(
    (issue) =>
      issue.code === 'unrecognized_keys' &&
      pathOf(issue).join('\n') === parent.join('\n') &&
      issue.keys.some((key) => nearest(key, knownKeys(schema, parent)) === path.at(-1)),
  )
}

function pathOf({ path }: z.core.$ZodIssue): Path {
  return path.map((key) => (typeof key === 'symbol' ? '' : key))
}

/** Errors of one file from its top to its end, as people mend them. */
export function inFileOrder(errors: readonly GmError[]): GmError[] {
  const place = (error: GmError): { line: number; column: number } =>
    error.at ?? { line: 0, column: 0 }
  return errors.toSorted(
    (a, b) => place(a).line - place(b).line || place(a).column - place(b).column,
  )
}

function explain(
  issue: z.core.$ZodIssue,
  parent: Path,
  schema: z.ZodType,
  value: unknown,
  placeOf: PlaceOf,
): GmError[] {
  const path = [...parent, ...pathOf(issue)]
  const name = path.length === 0 ? 'the file' : `"${nameOf(path)}"`
  const problem = (code: Code, message: string, at: Location, hint?: string): GmError[] => [
    new GmError(code, message, { at, hint }),
  ]
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path)
    return issue.keys.map(
      (key) =>
        new GmError('GM1002', `unknown key "${key}"`, {
          at: placeOf([...path, key]),
          hint: suggest(key, known),
        }),
    )
  }
  if (issue.code === 'invalid_type' && issue.expected === 'never') {
    return problem('GM1008', `gm does not support ${name} yet`, placeOf(path), 'Remove the key.')
  }
  if (issue.code === 'invalid_union') {
    const inside = issue.errors.find((branch) => branch.some((one) => one.path.length > 0))
    if (inside !== undefined) {
      return inside.flatMap((one) => explain(one, path, schema, value, placeOf))
    }
  }
  const given = valueAt(value, path)
  const expected = expectation(issue)
  if (given === undefined) {
    return problem('GM1003', `${name} is missing`, placeOf(path), `It must be ${expected}.`)
  }
  const hint =
    issue.code === 'invalid_value' && typeof given === 'string'
      ? suggestion(given, issue.values.map(String))
      : issue.code === 'invalid_type'
        ? howToWrite(issue.expected, path, given)
        : undefined
  return problem(
    'GM1003',
    `${name} must be ${expected}${isSecret(path) ? '' : `, not ${show(given)}`}`,
    placeOf(path, 'value'),
    hint,
  )
}

/** How YAML has a value of this type; without the value itself, which may be a secret. */
function howToWrite(type: string, path: Path, given: unknown): string | undefined {
  const key = path.at(-1)
  const before = typeof key === 'string' ? `${key}: ` : '- '
  switch (type) {
    case 'number':
    case 'int':
      return `Write digits without quotes, such as ${before}4.`
    case 'boolean':
      return `Write ${before}true or ${before}false, without quotes.`
    case 'string':
      if (typeof given === 'object') return 'A text that begins with { or [ stands in quotes.'
      return 'A text is one value; digits, true and false become a text in quotes.'
    case 'array':
      return 'A list has its items on lines of their own, indented, each after a dash.'
    case 'object':
    case 'record':
      return 'A mapping has its keys on lines of their own, indented, each with a colon.'
    default:
      return undefined
  }
}

/** Completes the sentence “x must be …”. */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_WORDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return oneOf(issue.values.map(String))
    case 'invalid_union':
      return [...new Set(issue.errors.flat().map(expectation))].join(' or ')
    case 'too_small':
      return `at least ${issue.minimum}`
    case 'too_big':
      return `at most ${issue.maximum}`
    case 'not_multiple_of':
    case 'invalid_format':
    case 'custom':
    case 'invalid_key':
    case 'invalid_element':
    case 'unrecognized_keys':
      return issue.message
  }
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`
}

/** A value as a user would recognise it in their file; long ones and whole structures only by their kind. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** Values of these keys never stand in a message. */
function isSecret(path: Path): boolean {
  return /^(password|url)$/.test(String(path.at(-1)))
}

/** `Did you mean "x"?`, else the short list of what is possible, else nothing. */
function suggest(name: string, known: readonly string[]): string | undefined {
  const close = suggestion(name, known)
  if (close !== undefined) return close
  return known.length === 0 ? undefined : `Possible here: ${known.join(', ')}.`
}

function suggestion(name: string, known: readonly string[]): string | undefined {
  const close = nearest(name, known)
  return close === undefined ? undefined : `Did you mean "${close}"?`
}

/** The last named key of a path, with the position inside it: `tags[2]` counts from 1 as people do. */
function nameOf(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return ''
  if (typeof last === 'string') return last
  return `${nameOf(path.slice(0, -1))}[${last + 1}]`
}

/** What stands at a path of a value of YAML; undefined where there is nothing. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Record<string | number, unknown>)[key]
  }
  return here
}

/** The keys that the schema has for the mapping at a path; empty where any key goes. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  const found = schemasAt(schema, path).find((one) => one instanceof z.ZodObject)
  if (found === undefined) return []
  const shape = found.shape as Record<string, z.ZodType>
  return Object.entries(shape).flatMap(([key, one]) => (isNotYet(one) ? [] : [key]))
}

/** The schemas that a path leads to; more than one below a union. */
function schemasAt(schema: z.ZodType, path: Path): z.ZodType[] {
  const [key, ...rest] = path
  if (schema instanceof z.ZodPipe) return schemasAt(schema.in as z.ZodType, path)
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodLazy
  ) {
    return schemasAt(schema.unwrap() as z.ZodType, path)
  }
  if (schema instanceof z.ZodUnion) {
    return (schema.options as z.ZodType[]).flatMap((option) => schemasAt(option, path))
  }
  if (key === undefined) return [schema]
  if (schema instanceof z.ZodArray) return schemasAt(schema.element as z.ZodType, rest)
  if (schema instanceof z.ZodRecord) return schemasAt(schema.valueType as z.ZodType, rest)
  if (schema instanceof z.ZodObject) {
    const child = (schema.shape as Record<string, z.ZodType>)[key]
    return child === undefined ? [] : schemasAt(child, rest)
  }
  return []
}
