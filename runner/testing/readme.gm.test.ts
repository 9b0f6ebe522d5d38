import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
