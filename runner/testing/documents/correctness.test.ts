import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = readFileSync(join(ROOT, 'docs/correctness.md'), 'utf8')

test('each test that docs/correctness.md names is there, under the title that it gives', () => {
  const named = [...PAGE.matchAll(/`((?:runner|ingest)\/[\w./-]+\.test\.ts)`(?: \| "([^"]+)")?/g)]
  const untrue = named
    .filter(([, file = '', title = '']) => {
      const path = join(ROOT, file)
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(title)
    })
    .map(([text]) => text)
  expect(named.length).toBeGreaterThan(60)
  expect(untrue).toEqual([])
})
