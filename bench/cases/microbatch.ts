import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { sizeFrom } from '../in-project.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const DAYS = 30

/**
 * A microbatch model over 3 million rows, its 30 days made again. The floor is the hand-written way: for each day one
 * transaction that deletes and inserts, into a table with the same columns, indexes and triggers, on one session.
 */
export const microbatch: Case = async () =>
  await inScratch(async (folder) => {
    const rows = sizeFrom('BENCH_ROWS', 3_000_000)
    mkdirSync(join(folder, 'models'))
    writeFileSync(join(folder, 'project.yml'), 'name: bench\nthreads: 1\n')
    writeFileSync(
      join(folder, 'models/sources.yml'),
      'sources: [{name: raw, tables: [{name: events, config: {event_time: at}}]}]\n',
    )
    writeFileSync(
      join(folder, 'models/daily.sql'),
      `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', begin='2026-01-01') }}
select id, at, amount * 2 as amount, md5(id::text) as code from {{ source('raw', 'events') }} as e
`,
    )
    const gm = (...args: string[]): string =>
      execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 })
    try {
      gm('db', 'start')
      const url = gm('db', 'url').trim()
      const psql = (sql: string): string =>
        execFileSync('psql', [url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
          encoding: 'utf8',
        })
      psql(`create schema raw; create table raw.events as
select n as id, timestamptz '2026-01-01 00:00+00' + (n % ${DAYS}) * interval '1 day' + (n % 86400) * interval '1 second' as at, n % 1000 as amount
from generate_series(1, ${rows}) as n`)
      psql(
        'alter table raw.events add column _gm_xid xid8 not null default pg_current_xact_id(); create index on raw.events (at); create index on raw.events (_gm_xid); analyze raw.events',
      )
      const asOf = ['--as-of', '2026-01-30']
      gm('run', ...asOf)
      psql(`create table by_hand (like daily including all); insert into by_hand select * from daily;
create trigger gm_touched after insert or update or delete or truncate on by_hand for each statement execute function gm.note_touch();
analyze by_hand`)
      const days = Array.from({ length: DAYS }, (_, i) => {
        const within = `at >= '${day(i)} 00:00:00+00' and at < '${day(i + 1)} 00:00:00+00'`
        return `begin;
delete from by_hand where ${within};
insert into by_hand (id, at, amount, code) select id, at, amount * 2, md5(id::text) from raw.events where ${within};
commit;`
      })
      const file = join(folder, 'by-hand.sql')
      writeFileSync(file, days.join('\n'))
      const range = ['--event-time-start', day(0), '--event-time-end', day(DAYS)]
      const pair = await compare({
        ours: { argv: [...GM, 'run', ...range, ...asOf], cwd: folder },
        floor: { argv: ['psql', url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file] },
        rounds: 5,
        before: async () => {
          psql('vacuum analyze daily')
          psql('vacuum analyze by_hand')
          psql('checkpoint')
          await Promise.resolve()
        },
      })
      return [
        {
          name: `${DAYS} daily batches over ${rows / 1_000_000} million rows, 1 session`,
          floorName: 'psql -f of a delete and an insert for each day',
          pair,
          target: 'wall ≤ 1.15',
          isMet: (pair.wallRatio ?? Infinity) <= 1.15,
        },
      ]
    } finally {
      gm('db', 'reset', '--yes')
    }
  })

/** The day that is so many days after the first. */
function day(n: number): string {
  return new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10)
}
