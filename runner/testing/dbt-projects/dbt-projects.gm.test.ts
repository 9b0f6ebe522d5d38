import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Connection } from '../../project/project.ts'
import { gm } from '../gm.ts'
import { test as base } from '../sql-fixture.ts'

interface DbtProject {
  /** A copy of one of the projects here, without what a run of it has left. */
  copyOf: (name: string) => string
  /** What the profiles of the projects read. */
  env: Readonly<Record<string, string>>
}

const test = base.extend<DbtProject>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of the pattern
  copyOf: async ({}, use) => {
    const made: string[] = []
    await use((name) => {
      const root = mkdtempSync(join(tmpdir(), `gm-${name}-`))
      made.push(root)
      const isMade = /dbt_packages|target|logs|\.gm/
      const filter = (path: string): boolean => !isMade.test(path)
      cpSync(join(import.meta.dirname, name), root, { recursive: true, filter })
      return root
    })
    for (const root of made) rmSync(root, { recursive: true, force: true })
  },
  env: async ({ connection }, use) => {
    await use(environment(connection))
  },
})

function environment({ host, port, user, password, database }: Connection): Record<string, string> {
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password ?? '',
    PGDATABASE: database,
  }
}

test('a dbt project with profile, package, versions, docs and exposures is built as it stands', async ({
  copyOf,
  env,
  sql,
}) => {
  const root = copyOf('bakery')
  const missing = await gm(root, ['parse'], env, 2)
  expect(missing.stderr).toContain('Run `gm deps`')
  const installed = await gm(root, ['deps'], env)
  expect(installed.stdout).toContain('1 package installed in dbt_packages: ledger_tools.')
  const built = await gm(root, ['build'], env)
  expect(built.stdout).toContain('PASS=29 WARN=0 ERROR=0 SKIP=0')
  expect(
    await sql('select customer_name, lifetime_value::text from bakery_marts.customers order by 1'),
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
})

test('a dbt project with seeds, staging, marts, a snapshot and a package of macros with dispatch is built as it stands', async ({
  copyOf,
  env,
  sql,
}) => {
  const root = copyOf('clinic')
  await gm(root, ['deps'], env)
  const built = await gm(root, ['build'], env)
  expect(built.stdout).toContain('PASS=22 WARN=1 ERROR=0 SKIP=0')
  // The project's age_band has three bands, the package's own has two; the columns are asked of the database.
  expect(
    await sql(
      'select child_visits::int, adult_visits::int, senior_visits::int from clinic.visits_by_band',
    ),
  ).toEqual([{ child_visits: 1, adult_visits: 2, senior_visits: 2 }])
  expect(
    await sql(
      'select count(*)::int as n from clinic_history.visits_history where dbt_valid_to is null',
    ),
  ).toEqual([{ n: 5 }])
})

test('a package that unions, pivots, dispatches and asks the database while templates are rendered is built as it stands', async ({
  copyOf,
  env,
  sql,
}) => {
  const root = copyOf('workshop')
  await gm(root, ['deps'], env)
  const built = await gm(root, ['build'], env)
  expect(built.stdout).toContain('PASS=19 WARN=1 ERROR=0 SKIP=0')
  // print_table() shows three rows and that there are more.
  expect(built.stdout).toContain('| bob    | drill |\n| ...    | ...   |')
  expect(
    await sql(
      'select worker, n_drill::int, n_sand::int, n_saw::int, first_two from workshop.kinds_by_worker order by 1',
    ),
  ).toEqual([
    { worker: 'ann', n_drill: 1, n_sand: 0, n_saw: 1, first_two: 'ann+bob' },
    { worker: 'bob', n_drill: 1, n_sand: 0, n_saw: 2, first_two: 'ann+bob' },
    { worker: 'cat', n_drill: 0, n_sand: 1, n_saw: 0, first_two: 'ann+bob' },
  ])
  // The project's greeting comes before the package's, and its variable before the package's default.
  expect(await sql('select distinct greeting from workshop.keyed')).toEqual([
    { greeting: 'workshop ann' },
  ])
  expect(
    await sql('select came_from, count(*)::int as n from workshop.all_jobs group by 1 order by 1'),
  ).toEqual([
    { came_from: 'jobs', n: 6 },
    { came_from: 'old_jobs', n: 2 },
  ])
  expect(await sql('select columns, dates from workshop.asked')).toEqual([
    { columns: 'one,Two', dates: '20240130 20240131 20240201 20240202' },
  ])
})
