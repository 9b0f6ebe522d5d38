import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../base/codes.ts'
import { errorsOf } from '../documents/errors-page.ts'

const CODE = /\bGM\d{4}\b/g
const SCREENS = join(import.meta.dirname, 'screens')
const screens = readdirSync(SCREENS).map((name) => ({
  name,
  text: readFileSync(join(SCREENS, name), 'utf8'),
}))

describe('the screens of all errors', () => {
  test('show every code, but for those that a test beside the source names', () => {
    const named = new Set([
      ...screens.flatMap(({ text }) => text.match(CODE) ?? []),
      ...testFiles().flatMap((file) => readFileSync(file, 'utf8').match(CODE) ?? []),
    ])
    const missing = Object.keys(CODES).filter((code) => !named.has(code))
    expect(missing).toEqual([])
  })

  test('say for each error what to do about it', () => {
    const blocks = screens.flatMap((screen) => errorsOf(screen))
    expect(blocks.length).toBeGreaterThanOrEqual(screens.length / 2)
    const without = blocks.filter(({ lines }) => !lines.some((line) => /^\s+hint: \S/.test(line)))
    expect(without.map(({ command, lines }) => `${command}: ${lines[0]}`)).toEqual([])
  })

  test('are at least sixty, and none shows a stack trace or calls a mistake a bug of gm', () => {
    expect(screens.length).toBeGreaterThanOrEqual(60)
    const withTrace = screens.filter(({ text }) => /\n\s+at .*:\d+:\d+\)?|bug in gm/.test(text))
    expect(withTrace.map(({ name }) => name)).toEqual([])
  })
})

function testFiles(): readonly string[] {
  const root = join(import.meta.dirname, '../../..')
  return ['runner', 'ingest'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.endsWith('every-code.test.ts'))
      .map((name) => join(root, folder, name)),
  )
}
