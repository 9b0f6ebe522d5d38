import { TemplateObject } from '../template/template.ts'

/** What a template's value looks like in a message. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof TemplateObject) return value.text ?? value.type
  return JSON.stringify(value ?? null)
}
