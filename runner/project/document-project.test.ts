import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentProject } from './document-project.ts'

test('the reference of project.yml is what the schema says, and leaves no key without a word', () => {
  const file = join(import.meta.dirname, '../../docs/reference/project.md')
  const text = documentProject()
  if (process.env['UPDATE'] !== undefined) writeFileSync(file, text)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(text).not.toMatch(/^\| `.*\| +\|$/m)
})
