import { describe, expect, test } from 'vitest'
import { GmError } from '../base/error.ts'
import { createTemplates } from './create-templates.ts'
import jinja from './jinja-cases.json' with { type: 'json' }

// Made by bench/jinja-cases.py; null where Jinja2 raises an error.
const { values, cases } = jinja

describe('a template renders to the same text as in Jinja2', () => {
  const templates = createTemplates([])
  test.each(cases.map((c) => [c.template, c.expected] as const))('%s', (text, expected) => {
    const render = (): string =>
      templates.render({ file: 'models/a.sql', text }, { values, functions: {} }).text
    if (expected === null) expect(render).toThrow(GmError)
    else expect(render()).toBe(expected)
  })
})
