import { expect } from 'vitest'
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import fc from '../testing/fast-check.ts'
import type { PlainProject } from '../testing/plain-project.ts'
import { plainProject, runPlain } from '../testing/plain-project.ts'
import { createLedger, test } from '../testing/sql-fixture.ts'

/** A product log: name and brand are history, price is not. */
const PRODUCTS: PlainProject = plainProject({
  log: { kind: 'source', schema: 'raw' },
  products: {
    kind: 'snapshot',
    config: {
      strategy: 'events',
      unique_key: ['product'],
      updated_at: 'at',
      tie_breakers: ['line'],
      check_cols: ['name', 'brand'],
      surrogate_key: 'product_sk',
    },
    changes: ['log'],
    sql: ({ ref, changes, isIncremental }) =>
      `select product, at, line, name, brand, price from ${ref('log')} e` +
      (isIncremental ? ` where product in (select c.product from ${changes('log')} c)` : ''),
  },
})

const TABLE = `create table raw.log (
  product text, at timestamptz, line int, name text, brand text, price numeric(18, 4),
  _gm_xid xid8 not null default pg_current_xact_id()
)`

interface Event {
  readonly product: string
  readonly minute: number
  readonly line: number
  readonly name: string
  readonly brand: string | null
  readonly price: number
}

const anEvent = fc.record({
  product: fc.constantFrom('a', 'b', 'c'),
  minute: fc.integer({ min: 0, max: 6 }),
  line: fc.integer({ min: 1, max: 1_000_000 }),
  name: fc.constantFrom('mug', 'cup', 'jar'),
  brand: fc.constantFrom(null, 'x', 'y'),
  price: fc.integer({ min: 1, max: 9 }),
})

/** The same rule in the plainest words, over one product's events. */
function naiveHistory(events: readonly Event[]): object[] {
  const versions: object[] = []
  for (const product of [...new Set(events.map((e) => e.product))].sort()) {
    const byMinute = new Map<number, Event>()
    for (const e of events.filter((e) => e.product === product)) {
      const other = byMinute.get(e.minute)
      if (other === undefined || other.line < e.line) byMinute.set(e.minute, e)
    }
    const moments = [...byMinute.values()].sort((a, b) => a.minute - b.minute)
    let open: { from: number; last: Event } | undefined
    const close = (to: number | null): void => {
      if (open === undefined) return
      const { name, brand, price } = open.last
      versions.push({ product, name, brand, price, from: open.from, to })
    }
    for (const e of moments) {
      if (open !== undefined && open.last.name === e.name && open.last.brand === e.brand) {
        open = { from: open.from, last: e }
      } else {
        close(e.minute)
        open = { from: e.minute, last: e }
      }
    }
    close(null)
  }
  return versions
}

const READ = `select product, name, brand, price::float as price,
  (extract(epoch from effective_from) / 60)::int as from,
  case when is_current then null else (extract(epoch from effective_to) / 60)::int end as to
from shop.products order by product, effective_from`

test('history built in any batches and order equals a plain reference and its own rebuild, keys included', {
  timeout: 300_000,
}, async ({ connection, sql }) => {
  await createLedger(sql)
  await sql(`create schema raw; create schema shop`)
  const adapter = createPostgresAdapter(connection)
  try {
    const batches = fc.array(fc.uniqueArray(anEvent, { selector: (e) => e.line, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(batches, async (landed) => {
        await sql(
          'drop table if exists raw.log, shop.products; truncate gm.relations, gm.marks cascade',
        )
        await sql(TABLE)
        const all: Event[] = []
        for (const [i, batch] of landed.entries()) {
          // Lines are unique over all batches, as coordinates are.
          const events = batch.map((e) => ({ ...e, line: e.line * 10 + i }))
          all.push(...events)
          for (const e of events) {
            await sql(`insert into raw.log values ($1, to_timestamp($2 * 60), $3, $4, $5, $6)`, [
              e.product,
              e.minute,
              e.line,
              e.name,
              e.brand,
              e.price,
            ])
          }
          const result = await runPlain(PRODUCTS, adapter)
          expect(result.steps.map((step) => step.error)).toEqual([undefined])
          expect(result.steps[0]?.action).toBe(
            all.length === batch.length && i === 0 ? 'build history' : 'update history',
          )
          expect(await sql(READ)).toEqual(naiveHistory(all))
        }
        await sql('drop table if exists grown; create table grown as select * from shop.products')
        await runPlain(PRODUCTS, adapter, { fullRefresh: true })
        const columns =
          'product_sk, product, name, brand, price, effective_from, effective_to, is_current'
        const differences = await sql(
          `(select ${columns} from grown except all select ${columns} from shop.products)
           union all (select ${columns} from shop.products except all select ${columns} from grown)`,
        )
        expect(differences).toEqual([])
      }),
      { numRuns: 25 },
    )
  } finally {
    await adapter.close()
  }
})

test('an event that changes only what is kept in place updates the version and not its interval', async ({
  connection,
  sql,
}) => {
  await createLedger(sql)
  await sql(`create schema raw`)
  await sql(TABLE)
  const adapter = createPostgresAdapter(connection)
  try {
    await sql(`insert into raw.log values ('a', to_timestamp(60), 1, 'mug', 'x', 1)`)
    await runPlain(PRODUCTS, adapter)
    const before = await sql(
      'select _gm_xid::text as row, _gm_version_xid::text as version from shop.products',
    )
    await sql(`insert into raw.log values ('a', to_timestamp(120), 2, 'mug', 'x', 2)`)
    const result = await runPlain(PRODUCTS, adapter)
    expect(result.steps[0]).toMatchObject({
      action: 'update history',
      counts: { extracted: 1, inserted: 0, updated: 1, deleted: 0 },
    })
    const after = await sql(
      'select _gm_xid::text as row, _gm_version_xid::text as version from shop.products',
    )
    expect(after[0]?.['version']).toBe(before[0]?.['version'])
    expect(after[0]?.['row']).not.toBe(before[0]?.['row'])
  } finally {
    await adapter.close()
  }
})
