import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dbtProject } from '../dbt-project.ts'
import type { Case, Finding } from '../finding.ts'
import { inProject, lastStepSeconds, sizeFrom, stepRatio } from '../in-project.ts'
import { compare, measure } from '../measure.ts'
import { GM } from '../scratch.ts'

/** The first part of the SQL that is written by hand: a join that finds the rows whose watched columns are different. */
const BY_HAND = `begin;
create temporary table changed on commit drop as
select c.*, h.dbt_scd_id as replaces, now()::timestamp as at
from raw.customers as c
left join by_hand as h on h.id = c.id and h.dbt_valid_to is null
where h.id is null or (h.name, h.city) is distinct from (c.name, c.city);
update by_hand as h set dbt_valid_to = changed.at, _gm_xid = pg_current_xact_id(), _gm_version_xid = pg_current_xact_id()
from changed where h.dbt_scd_id = changed.replaces;
insert into by_hand (id, name, city, amount, dbt_scd_id, dbt_updated_at, dbt_valid_from)
select id, name, city, amount, md5(id::text || '|' || at::text), at, at from changed;
commit;
`

const DBT_FILES = new Map([
  ['models/sources.yml', 'sources: [{name: raw, schema: raw, tables: [{name: customers}]}]\n'],
  [
    'snapshots/customers_history.yml',
    `snapshots:
  - name: customers_history
    relation: source('raw', 'customers')
    config: {strategy: check, unique_key: id, check_cols: [name, city]}
`,
  ],
])

/**
 * A snapshot that looks at all rows of a table of which one percent has changed since. The floor is the hand-written way: the changes into a
 * temporary table, then one update and one insert, on a table with the same columns, indexes and triggers.
 */
export const history: Case = async () => {
  const rows = sizeFrom('BENCH_ROWS', 1_000_000)
  const files = new Map([
    ['project.yml', 'name: bench\nthreads: 1\n'],
    ['models/sources.yml', 'sources: [{name: raw, tables: [{name: customers}]}]\n'],
    [
      'snapshots/customers_history.yml',
      `snapshots:
  - name: customers_history
    relation: source('raw', 'customers')
    config: {strategy: check, unique_key: id, check_cols: [name, city]}
`,
    ],
  ])
  return await inProject(files, async ({ folder, url, gm, psql, psqlArgv }) => {
    psql(`create schema raw; create table raw.customers as
select n as id, 'Customer ' || n as name, md5(n::text) as city, n % 1000 as amount from generate_series(1, ${rows}) as n`)
    psql('alter table raw.customers add primary key (id)')
    psql('vacuum analyze raw.customers')
    gm('snapshot')
    psql(`create table by_hand (like customers_history including all); insert into by_hand select * from customers_history;
create trigger gm_touched after insert or update or delete or truncate on by_hand for each statement execute function gm.note_touch()`)
    // Indexes that are filled row by row are larger and have more room; ours are built when the rows are there.
    psql('reindex table by_hand')
    const file = join(folder, 'by-hand.sql')
    writeFileSync(file, BY_HAND)
    let round = 0
    const stepSeconds: number[] = []
    const nextRound =
      (theirs: string) =>
      async (who: 'ours' | 'floor'): Promise<void> => {
        if (who === 'ours') {
          round++
          psql(`update raw.customers set city = md5(city) where id % 100 = ${round}`)
        } else {
          stepSeconds.push(lastStepSeconds(folder))
        }
        // Each in a transaction of its own, as vacuum asks; and last the one whose turn it is, for what was read last is in the server's memory.
        const histories =
          who === 'ours' ? [theirs, 'customers_history'] : ['customers_history', theirs]
        for (const table of ['raw.customers', ...histories]) psql(`vacuum analyze ${table}`)
        psql('checkpoint')
        await Promise.resolve()
      }
    const pair = await compare({
      ours: { argv: [...GM, 'snapshot'], cwd: folder },
      floor: { argv: psqlArgv('-f', file) },
      rounds: 7,
      before: nextRound('by_hand'),
    })
    const count = (table: string): string =>
      psql(
        `select count(*) || ' rows, ' || count(*) filter (where dbt_valid_to is null) || ' of which hold' from ${table}`,
      ).trim()
    if (count('customers_history') !== count('by_hand')) {
      throw new Error(`ours: ${count('customers_history')}; by hand: ${count('by_hand')}`)
    }
    const findings: Finding[] = [
      {
        name: `snapshot of ${rows} rows, 1 % of them changed`,
        floorName: 'psql -f of a temporary table, an update and an insert',
        pair,
        target: `wall ≤ 1.15 (${stepRatio(stepSeconds, pair)})`,
        isMet: (pair.wallRatio ?? Infinity) <= 1.15,
      },
    ]
    const dbt = dbtProject(folder, url, DBT_FILES)
    if (dbt !== undefined) {
      await measure(dbt.command('snapshot'))
      const other = await compare({
        ours: { argv: [...GM, 'snapshot'], cwd: folder },
        floor: dbt.command('snapshot'),
        rounds: 3,
        before: nextRound('by_dbt.customers_history'),
      })
      findings.push({
        name: `snapshot of ${rows} rows, 1 % of them changed`,
        floorName: 'dbt snapshot (dbt-core, strategy check)',
        pair: other,
        target: 'none',
        isMet: true,
      })
    }
    return findings
  })
}
