import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentConfig } from './document-config.ts'

test('the reference of configuration is what the schema says', () => {
  const file = join(import.meta.dirname, '../../docs/reference/config.md')
  if (process.env['UPDATE'] !== undefined) writeFileSync(file, documentConfig())
  expect(readFileSync(file, 'utf8')).toBe(documentConfig())
})
