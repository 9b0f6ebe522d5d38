import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

test.each([
  ['docs/correctness.md', 60],
  ['docs/docs-site.md', 24],
])('each test that %s names is there, under the title that it gives', (page, least) => {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const named = [...text.matchAll(/`((?:runner|ingest)\/[\w./-]+\.test\.ts)`(?: \| "([^"]+)")?/g)]
  const untrue = named
    .filter(([, file = '', title = '']) => {
      const path = join(ROOT, file)
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(title)
    })
    .map(([row]) => row)
  expect(named.length).toBeGreaterThan(least)
  expect(untrue).toEqual([])
})
