import { TemplateObject } from '../template/template.ts'

/** A template's value as JSON can hold it: dicts become objects, relations their text. */
export function plainValue(value: unknown): unknown {
  if (value instanceof TemplateObject) return value.text ?? null
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plainValue(item)]))
  }
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]))
  }
  return value
}
