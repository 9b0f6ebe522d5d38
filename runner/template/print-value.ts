import { TemplateObject } from './template.ts'
import type { Value } from './values.ts'
import { anyType, Callable, defined, Float, fail, LoopState, Namespace, Tuple } from './values.ts'

const MAX_DEPTH = 100

/** What `{{ value }}` writes: Python's `str()`. @throws GmError GM3004 undefined, GM3008 no text for it. */
export function printValue(value: Value): string {
  const it = defined(value)
  return typeof it === 'string' ? it : repr(it, 0)
}

/** Python's `repr()`, the form of values inside printed lists and dicts. */
export function reprValue(value: Value): string {
  return repr(value, 0)
}

function repr(value: Value, depth: number): string {
  if (depth > MAX_DEPTH)
    fail(
      'GM3006',
      'a value that contains itself, or is nested too deep, is printed',
      'Print the part of it that you need.',
    )
  const it = defined(value)
  if (it === null) return 'None'
  if (typeof it === 'boolean') return it ? 'True' : 'False'
  if (typeof it === 'string') return reprString(it)
  if (typeof it === 'number') return Number.isInteger(it) ? String(it) : printFloat(it)
  if (it instanceof Float) return printFloat(it.value)
  if (Array.isArray(it)) return `[${it.map((v) => repr(v, depth + 1)).join(', ')}]`
  if (it instanceof Tuple) {
    const items = it.items.map((v) => repr(v, depth + 1))
    return items.length === 1 ? `(${items.join('')},)` : `(${items.join(', ')})`
  }
  if (it instanceof Map) {
    const pairs = [...it].map(([k, v]) => `${repr(k, depth + 1)}: ${repr(v, depth + 1)}`)
    return `{${pairs.join(', ')}}`
  }
  if (it instanceof TemplateObject && it.text !== undefined) return it.text
  if (it instanceof Callable)
    fail(
      'GM3008',
      `"${it.name}" is a function and is printed without a call`,
      `Write ${it.name}(…).`,
    )
  if (it instanceof Namespace || it instanceof LoopState || it instanceof TemplateObject) {
    return fail('GM3008', `${anyType(it)} has no text`, 'Print one of its attributes.')
  }
  return it
}

/** Shortest digits as in Python: an exponent below 1e-4 and from 1e16 on. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size < 1e-4 || size >= 1e16) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  }
  const text = String(value)
  return Number.isInteger(value) ? `${text}.0` : text
}

function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let body = ''
  for (const char of text) {
    if (char === '\\' || char === quote) body += `\\${char}`
    else if (char === '\n') body += '\\n'
    else if (char === '\r') body += '\\r'
    else if (char === '\t') body += '\\t'
    else if (/\p{C}|\p{Zl}|\p{Zp}/u.test(char)) body += escapeCodePoint(char.codePointAt(0) ?? 0)
    else body += char
  }
  return `${quote}${body}${quote}`
}

function escapeCodePoint(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}
