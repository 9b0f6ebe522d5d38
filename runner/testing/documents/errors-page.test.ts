import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CODES } from '../../base/codes.ts'
import { errorsPage } from './errors-page.ts'

const ROOT = join(import.meta.dirname, '../../..')
const FILE = join(ROOT, 'docs/reference/errors.md')
const SCREENS = join(ROOT, 'runner/testing/errors/screens')
const screens = readdirSync(SCREENS)
  .sort()
  .map((name) => ({ name, text: readFileSync(join(SCREENS, name), 'utf8') }))

test('the page of errors has every code, and the screens as they are', () => {
  const page = errorsPage(screens)
  if (process.env['UPDATE'] !== undefined) writeFileSync(FILE, page)
  expect(readFileSync(FILE, 'utf8')).toBe(page)
  for (const code of Object.keys(CODES)) expect(page).toContain(`### ${code}: `)
})
