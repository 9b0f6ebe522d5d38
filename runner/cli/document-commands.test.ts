import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentCommands } from './document-commands.ts'

test('the reference of commands is what the commands say of themselves', () => {
  const file = join(import.meta.dirname, '../../docs/reference/commands.md')
  if (process.env['UPDATE'] !== undefined) writeFileSync(file, documentCommands())
  expect(readFileSync(file, 'utf8')).toBe(documentCommands())
})
