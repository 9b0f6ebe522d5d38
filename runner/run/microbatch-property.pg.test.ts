import { expect } from 'vitest'
import { plainProject } from '../testing/plain-project.ts'
import { randomBelow, SEED } from '../testing/random.ts'
import { test } from '../testing/run-fixture.ts'

/** GM_LONG has the whole size; CI takes a part that still has every kind of event. */
const IS_LONG = process.env.GM_LONG === '1'
const ROUNDS = IS_LONG ? 200 : 12
const DAYS = 12

/** Landed rows, of which gm also logs what is deleted or gets another time; and a model of them day by day. */
const PROJECT = plainProject({
  orders: { kind: 'source', schema: 'raw', config: { event_time: 'at', log_keys: true } },
  daily: {
    config: {
      materialized: 'incremental',
      incremental_strategy: 'microbatch',
      event_time: 'at',
      batch_size: 'day',
      begin: '2026-01-01',
    },
    inputs: ['orders'],
    // An order of nothing makes its batch fail.
    sql: ({ ref }) => `select id, at, 100 / amount as share from ${ref('orders')} o`,
  },
})

const day = (n: number): Date => new Date(Date.UTC(2026, 0, 1 + n))

test('after writers with late rows, changes and deletions, failing batches, random ranges and killed connections it equals a full rebuild', {
  timeout: IS_LONG ? 1_800_000 : 120_000,
}, async ({ run, sql }) => {
  const below = randomBelow(SEED)
  await sql(`create schema raw;
create table raw.orders (
  id int generated always as identity, at timestamptz, amount int, _gm_xid xid8 not null default pg_current_xact_id()
);
create index on raw.orders (_gm_xid)`)
  // Up to the last microsecond of a day, where an interval must not lose a row.
  const moment = (): string =>
    `'2026-01-01 00:00+00'::timestamptz + ${below(DAYS)} * interval '1 day' + ${below(3)} * interval '43199.9999995 seconds'`
  const write = async (): Promise<void> => {
    const someone = `id = (select id from raw.orders order by md5(id || '${below(1000)}') limit 1)`
    const change = [
      `insert into raw.orders (at, amount) select ${moment()}, ${below(9) === 0 ? 0 : 1 + below(50)} from generate_series(1, ${1 + below(4)})`,
      `update raw.orders set amount = ${1 + below(50)}, _gm_xid = pg_current_xact_id() where ${someone}`,
      `update raw.orders set at = ${moment()}, _gm_xid = pg_current_xact_id() where ${someone}`,
      `delete from raw.orders where ${someone}`,
    ][Math.max(0, below(6) - 2)]
    await sql(change ?? '')
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (let i = below(6); i > 0; i--) await write()
    // Time goes on, and some days never see a run.
    const now = new Date(day(Math.floor((round / ROUNDS) * (DAYS - 1))).getTime() + 3_600_000)
    const start = below(DAYS)
    const kind = below(6)
    let killAfter = kind === 0 ? below(4) : -1
    const killed: Promise<unknown>[] = []
    await run(PROJECT, {
      now,
      threads: 1 + below(3),
      ...(kind === 1 && { eventTime: { start: day(start), end: day(start + 1 + below(3)) } }),
      ...(kind === 2 && below(3) === 0 && { fullRefresh: true }),
      ...(kind === 3 && { publish: 'atomic' }),
      onEvent: (event) => {
        if (event.type !== 'batch-end' || killAfter-- !== 0) return
        killed.push(
          sql(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name <> '' and pid <> pg_backend_pid()`,
          ),
        )
      },
    }).catch((error: unknown) => {
      // A run whose own connection was killed says so; nothing else may end one.
      expect(String(error), `seed ${SEED}, round ${round}`).toMatch(/GM400[24]/)
    })
    await Promise.all(killed)
  }
  await sql('update raw.orders set amount = 7, _gm_xid = pg_current_xact_id() where amount = 0')
  const last = await run(PROJECT, { now: day(DAYS - 1) })
  expect(last.result.status, JSON.stringify(last.steps)).toBe('success')
  const wanted = `select id, at, 100 / amount as share from raw.orders where at >= '2026-01-01' and at < '2026-01-${DAYS + 1}'`
  const had = `select id, at, share from shop.daily where at < '2026-01-${DAYS + 1}'`
  expect(
    await sql(`(${wanted} except all ${had}) union all (${had} except all ${wanted})`),
    `seed ${SEED}`,
  ).toEqual([])
  expect(
    await sql(`select relation from gm.pending union all select relation from gm.shadows`),
  ).toEqual([])
})
