import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
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
