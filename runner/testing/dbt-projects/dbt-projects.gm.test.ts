import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

test('a dbt project with profile, package, versions, docs and exposures is built as it stands', async ({
  connection,
  sql,
}) => {
  const root = mkdtempSync(join(tmpdir(), 'gm-bakery-'))
  try {
    const isMade = /dbt_packages|target|logs|\.gm/
    cpSync(join(import.meta.dirname, 'bakery'), root, {
      recursive: true,
      filter: (path) => !isMade.test(path),
    })
    const { host, port, user, password, database } = connection
    const env = {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password ?? '',
      PGDATABASE: database,
    }
    const missing = await gm(root, ['parse'], env, 2)
    expect(missing.stderr).toContain('Run `gm deps`')
    const installed = await gm(root, ['deps'], env)
    expect(installed.stdout).toContain('1 package installed in dbt_packages: ledger_tools.')
    const built = await gm(root, ['build'], env)
    expect(built.stdout).toContain('PASS=29 WARN=0 ERROR=0 SKIP=0')
    expect(
      await sql(
        'select customer_name, lifetime_value::text from bakery_marts.customers order by 1',
      ),
    ).toEqual([
      { customer_name: 'Ada Berg', lifetime_value: '17.55' },
      { customer_name: 'Bo Cruz', lifetime_value: '25.00' },
      { customer_name: 'Cy Diaz', lifetime_value: '21.63' },
      { customer_name: 'Di Ek', lifetime_value: '19.99' },
      { customer_name: 'Eve Fox', lifetime_value: '7.20' },
    ])
    // The project's variable for the package comes before the package's own.
    expect(await sql('select distinct digits from bakery_ledger.ledger_accounts')).toEqual([
      { digits: 2 },
    ])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
