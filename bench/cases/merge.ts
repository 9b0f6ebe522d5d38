import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dbtProject } from '../dbt-project.ts'
import type { Case, Finding } from '../finding.ts'
import { inProject, lastStepSeconds, sizeFrom, stepRatio } from '../in-project.ts'
import { compare, measure } from '../measure.ts'
import { GM } from '../scratch.ts'

/** The share of a batch that changes rows that are there; the rest is new. */
const UPDATED = 0.9

/** The same model; the bookmark is the one that the floor reads, so that all three read the same rows. */
const DBT_FILES = new Map([
  [
    'models/orders.sql',
    `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', indexes=[{'columns': ['id'], 'unique': true}]) }}
select id, customer, amount * 2 as amount, code from raw.orders
{% if is_incremental() %} where _gm_xid >= (select seen from public.bookmark) {% endif %}
`,
  ],
])

/**
 * An incremental merge of a batch into a large table, each round another batch. The floor is the hand-written way: one
 * transaction with a bookmark and `insert … on conflict do update`, once into a table like ours (which others can follow by
 * `_gm_xid`) and once into a plain one with nothing but its primary key, which bears no promise.
 */
export const merge: Case = async () => {
  const rows = sizeFrom('BENCH_ROWS', 10_000_000)
  const batch = sizeFrom('BENCH_BATCH', 100_000)
  const files = new Map([
    ['project.yml', 'name: bench\nthreads: 1\n'],
    ['models/sources.yml', 'sources: [{name: raw, tables: [{name: orders}]}]\n'],
    [
      'models/orders.sql',
      `{{ config(materialized='incremental', unique_key='id') }}
select id, customer, amount * 2 as amount, code from {{ changes(source('raw', 'orders')) }} as o
`,
    ],
  ])
  return await inProject(files, async ({ folder, url, gm, psql, psqlArgv }) => {
    psql(`create schema raw; create table raw.orders as
select n as id, n % 100000 as customer, n % 1000 as amount, md5(n::text) as code from generate_series(1, ${rows}) as n`)
    psql(`alter table raw.orders add column _gm_xid xid8 not null default pg_current_xact_id(), add primary key (id);
create index on raw.orders (_gm_xid)`)
    psql('vacuum analyze raw.orders')
    gm('run')
    psql(`create table like_ours (like orders including all); insert into like_ours select * from orders;
create trigger gm_touched after insert or update or delete or truncate on like_ours for each statement execute function gm.note_touch();
create table plain as select id, customer, amount, code from orders; alter table plain add primary key (id)`)
    for (const name of ['orders', 'like_ours', 'plain']) psql(`vacuum analyze ${name}`)
    psql('create table bookmark as select pg_current_xact_id() as seen')
    let round = 0
    const nextBatch = (): void => {
      round++
      const fresh = Math.round(batch * (1 - UPDATED))
      // A stride that meets each row once spreads the batch over the whole table.
      psql(`update bookmark set seen = pg_current_xact_id();
insert into raw.orders as o (id, customer, amount, code)
select n, n % 100000, n % 1000, md5(n::text || '${round}') from (
  select 1 + (i * ${Math.max(1, Math.floor(rows / batch))} + ${round}) % ${rows} as n from generate_series(1, ${batch - fresh}) as i
  union all select ${rows + (round - 1) * fresh} + i from generate_series(1, ${fresh}) as i) as batch
on conflict (id) do update set amount = excluded.amount + 1, code = excluded.code, _gm_xid = excluded._gm_xid`)
      psql('analyze raw.orders')
      // Who reads rows first marks them as committed, page by page: a second in which the other would have the advantage.
      psql('select count(*) from raw.orders where _gm_xid >= (select seen from bookmark)')
    }
    const byHand = (table: string, mark: string): string => {
      const file = join(folder, `${table}.sql`)
      writeFileSync(
        file,
        `begin;
insert into ${table} (id, customer, amount, code)
select id, customer, amount * 2, code from raw.orders where _gm_xid >= (select seen from bookmark)
on conflict (id) do update set customer = excluded.customer, amount = excluded.amount, code = excluded.code${mark};
commit;
`,
      )
      return file
    }
    const findings: Finding[] = []
    for (const [table, mark, floorName, isPromised] of [
      ['like_ours', ', _gm_xid = excluded._gm_xid', 'a table with the same columns', true],
      ['plain', '', 'a plain table with its primary key', false],
    ] as const) {
      const stepSeconds: number[] = []
      const pair = await compare({
        ours: { argv: [...GM, 'run'], cwd: folder },
        floor: { argv: psqlArgv('-f', byHand(table, mark)) },
        rounds: isPromised ? 7 : 3,
        before: async (who) => {
          if (who === 'ours') nextBatch()
          else stepSeconds.push(lastStepSeconds(folder))
          psql('checkpoint')
          await Promise.resolve()
        },
      })
      const [missing] = psql(`select count(*) from (select id, customer, amount, code from orders
where id in (select id from raw.orders where _gm_xid >= (select seen from bookmark)) except select id, customer, amount, code from ${table}) as d`).split(
        '\n',
      )
      if (missing !== '0') throw new Error(`${missing} rows of ours are not in ${table}`)
      findings.push({
        name: `incremental merge of ${batch} rows into ${rows}`,
        floorName: `psql -f of insert … on conflict into ${floorName}`,
        pair,
        target: `${isPromised ? 'wall ≤ 1.15' : 'none'} (${stepRatio(stepSeconds, pair)})`,
        isMet: !isPromised || (pair.wallRatio ?? Infinity) <= 1.15,
      })
    }
    const dbt = dbtProject(folder, url, DBT_FILES)
    if (dbt !== undefined) {
      await measure(dbt.command('run'))
      psql('vacuum analyze by_dbt.orders')
      const pair = await compare({
        ours: { argv: [...GM, 'run'], cwd: folder },
        floor: dbt.command('run'),
        rounds: 3,
        before: async (who) => {
          if (who === 'ours') nextBatch()
          psql('checkpoint')
          await Promise.resolve()
        },
      })
      findings.push({
        name: `incremental merge of ${batch} rows into ${rows}`,
        floorName: 'dbt run (dbt-core, strategy merge)',
        pair,
        target: 'none',
        isMet: true,
      })
    }
    return findings
  })
}
