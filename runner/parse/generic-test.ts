import type { Location } from '../base/location.ts'
import type { InputCall } from './record-template.ts'

const INPUT =
  /^\s*(?:\{\{)?\s*(ref|source)\s*\(\s*(['"])([^'"]+)\2\s*(?:,\s*(['"])([^'"]+)\4\s*)?(?:,\s*(?:v|version)\s*=\s*(['"]?)([\w.]+)\6\s*)?\)\s*(?:\}\})?\s*$/

/** The macro that a `{% test name %}` block defines, by its full name. */
export function genericTestMacro(definition: {
  readonly name: string
  readonly package: string
}): string {
  return `${definition.package}.test_${definition.name}`
}

/** The input that an argument such as `to: ref('dim_date')` names, with or without braces around it. */
export function inputOfArgument(value: unknown, at: Location): InputCall | undefined {
  if (typeof value !== 'string') return undefined
  const parts = INPUT.exec(value)
  if (parts === null) return undefined
  const [, callee, , first = '', , second, , version] = parts
  const versioned = version === undefined ? {} : { version }
  const common = { at, viaChanges: false, isOptional: false }
  if (callee === 'source') {
    return second === undefined
      ? undefined
      : { kind: 'source', source: first, table: second, ...common }
  }
  return second === undefined
    ? { kind: 'ref', name: first, ...versioned, ...common }
    : { kind: 'ref', name: second, package: first, ...versioned, ...common }
}
