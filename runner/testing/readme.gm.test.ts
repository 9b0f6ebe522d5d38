import { exec } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { copyOfProject, databaseUrl, gm, REPOSITORY } from './gm.ts'
import { test } from './sql-fixture.ts'

test('the model that the README adds builds as it stands there and says what the facts say', async ({
  connection,
  sql,
}) => {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8')
  const [, path = '', text = ''] =
    /`(models\/[^`]+\.sql)`:\n\n```sql\n([\s\S]+?)```/.exec(readme) ?? []
  const { root, remove } = copyOfProject()
  try {
    const env = databaseUrl(connection)
    writeFileSync(join(root, path), text)
    const sample = 'ingest/samples/online-retail-sample-2010-12.csv.gz'
    const mapping = ['--mapping', 'ingest/mappings/online-retail.yml']
    await gm(root, ['ingest', 'file', 'transactions-topic', sample, ...mapping], env)
    await gm(root, ['build', '--select', '+revenue_by_category'], env)
    const [model] = await sql(
      'select sum(revenue)::text as revenue from warehouse.revenue_by_category',
    )
    const [facts] = await sql('select sum(total_amount)::text as revenue from warehouse.fact_sales')
    expect(model).toEqual(facts)
    expect(Number(facts?.['revenue'])).toBeGreaterThan(0)
  } finally {
    remove()
  }
})

test('the first npx gm takes the command that was built, and builds none: another one may be running', async () => {
  const built = join(REPOSITORY, 'dist/gm.cjs')
  const before = statSync(built).mtimeMs
  const cache = mkdtempSync(join(tmpdir(), 'npm cache '))
  try {
    const { stdout } = await promisify(exec)('npx gm --version', {
      cwd: REPOSITORY,
      // Of this process's own npm nothing but the way to it.
      env: { PATH: process.env['PATH'], npm_config_cache: cache },
    })
    expect(JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))).toMatchObject({
      version: stdout.trim(),
    })
    expect(statSync(built).mtimeMs).toBe(before)
  } finally {
    rmSync(cache, { recursive: true })
  }
})
