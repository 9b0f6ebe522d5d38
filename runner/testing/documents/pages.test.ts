import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../base/codes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
/** Without what is only an example. */
const prose = (file: string): string =>
  read(file)
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((page) => page.endsWith('.md'))
    .map((page) => `docs/${page.replaceAll('\\', '/')}`),
]

describe('the pages of the documentation', () => {
  test('link to files that are there', () => {
    const broken = PAGES.flatMap((page) =>
      [...prose(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  test('are all reached from the index or from one that it names', () => {
    const linked = new Set(
      PAGES.flatMap((page) =>
        [...read(page).matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, target = '']) =>
          join(dirname(page), target),
        ),
      ),
    )
    const alone = PAGES.filter(
      (page) => page.startsWith('docs/') && !page.startsWith('docs/adr/') && !linked.has(page),
    )
    expect(alone.filter((page) => page !== 'docs/README.md')).toEqual([])
  })

  test('name only codes of errors that there are', () => {
    const unknown = PAGES.flatMap((page) =>
      (read(page).match(/\bGM\d{4}\b/g) ?? []).filter((code) => !Object.hasOwn(CODES, code)),
    )
    expect(unknown).toEqual([])
  })
})

describe('what kafka.md says cannot happen is shown by a test', () => {
  const page = read('docs/kafka.md')
  const rows = page
    .slice(page.indexOf('## What cannot happen'))
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what cannot happen'))

  test('each row names a test by its title, in the file that has it', () => {
    expect(rows.length).toBeGreaterThan(30)
    const missing = rows.filter((row) => {
      const [, title = '', file = ''] = /\| ([^|]+) \(`([^`]+)`\) \|$/.exec(row) ?? []
      return title === '' || !existsSync(join(ROOT, file)) || !read(file).includes(`'${title}`)
    })
    expect(missing).toEqual([])
  })
})

describe('what coming-from-dbt says is shown by a test', () => {
  const page = read('docs/coming-from-dbt.md')
  const rows = page
    .slice(page.indexOf('## The same, with the test'))
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| dbt |'))

  test('each row names tests by their titles, in the files that have them', () => {
    expect(rows.length).toBeGreaterThan(20)
    for (const row of rows) {
      const named = [...row.matchAll(/`((?:runner|ingest)\/[^`]+\.test\.ts)`(?: "([^"]+)")?/g)]
      expect(named.length, row).toBeGreaterThan(0)
      for (const [, file = '', title = 'without a title'] of named) {
        expect(read(file), row).toContain(title)
      }
    }
  })
})
