import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'
import { PROJECT } from './surface-project.ts'

let isThere = false
const folder = mkdtempSync(join(tmpdir(), 'gm-artifacts-parser-'))

beforeAll(() => {
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile']
    execFileSync('python3', [...pip, '--target', folder, 'dbt-artifacts-parser==0.15.0'], {
      stdio: 'pipe',
    })
    isThere = true
  } catch (error) {
    // Without Python or PyPI there is nothing to check with; on CI that is a failure.
    if (process.env['CI'] !== undefined) throw error
  }
}, 180_000)

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test("what a build writes is read by the parser of dbt's schemas", async ({
  connection,
  project,
  sql,
  skip,
}) => {
  if (!isThere) skip('no PyPI here')
  const root = await project(PROJECT)
  await sql("create schema raw; create table raw.events as select now() - interval '2 hours' as at")
  const env = databaseUrl(connection)
  const fresh = await gm(root, ['source', 'freshness'], env)
  expect(fresh.stdout).toContain('WARN          raw.events  2 hours old')
  await gm(root, ['build'], env)
  await gm(root, ['build'], env)
  const { results } = JSON.parse(readFileSync(join(root, 'target/run_results.json'), 'utf8')) as {
    results: readonly { status: string }[]
  }
  // dbt-core 1.11 reads these statuses and no others.
  expect([...new Set(results.map(({ status }) => status))].sort()).toEqual(['pass', 'success'])
  expect(JSON.stringify(results)).toContain('"_message":"REUSED"')
  const script = join(import.meta.dirname, 'read-artifacts.py')
  const read = execFileSync('python3', [script, join(root, 'target')], {
    env: { ...process.env, PYTHONPATH: folder },
  })
  expect(read.toString().trim().split('\n')).toEqual([
    'manifest.json',
    'run_results.json',
    'sources.json',
  ])
})

test('--no-write-json writes no artifacts, --target-path writes them elsewhere', async ({
  project,
}) => {
  const root = await project(PROJECT)
  await gm(root, ['parse', '--no-write-json'])
  expect(existsSync(join(root, 'target'))).toBe(false)
  await gm(root, ['parse'], { DBT_TARGET_PATH: 'elsewhere' })
  expect(existsSync(join(root, 'elsewhere/manifest.json'))).toBe(true)
  await gm(root, ['parse', '--target-path', 'given'], { GM_TARGET_PATH: 'elsewhere2' })
  expect(existsSync(join(root, 'given/manifest.json'))).toBe(true)
  expect(existsSync(join(root, 'elsewhere2'))).toBe(false)
})

test('a manifest.json that says the same already is left as it is, and written again for whatever is another', async ({
  project,
}) => {
  const root = await project(PROJECT)
  const file = join(root, 'target/manifest.json')
  const parse = async (args: readonly string[] = [], env: Record<string, string> = {}) => {
    await gm(root, ['parse', ...args], env)
    return hash('sha256', readFileSync(file))
  }
  let last = await parse()
  expect(await parse()).toBe(last)

  const changes: Readonly<Record<string, () => Promise<string>>> = {
    'a macro': () => {
      writeFileSync(join(root, 'macros/of_its_own.sql'), '{% macro of_its_own() %}1{% endmacro %}')
      return parse()
    },
    'a docs block': () => {
      writeFileSync(join(root, 'models/words.md'), '{% docs words %}Words.{% enddocs %}')
      return parse()
    },
    'a selector': () => {
      writeFileSync(
        join(root, 'selectors.yml'),
        'selectors: [{name: some, definition: "tag:some"}]',
      )
      return parse()
    },
    'a variable': () => parse(['--vars', '{of_its_own: 2}']),
    'an edit by hand': () => {
      appendFileSync(file, ' ')
      return parse(['--vars', '{of_its_own: 2}'])
    },
    'a file that is gone': () => {
      rmSync(file)
      return parse(['--vars', '{of_its_own: 2}'])
    },
  }
  for (const [what, change] of Object.entries(changes)) {
    const now = await change()
    expect(now, what).not.toBe(last)
    last = now
  }
})
