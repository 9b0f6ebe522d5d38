import { describe, expect, test } from 'vitest'
import { divide, printUnits, toUnits } from './decimal.ts'
import { dirtyEvents } from './dirty-events.ts'
import { dayOf, monthEnd, printMoment, readMoment } from './moment.ts'
import type { OracleInput } from './oracle.ts'
import { oracle } from './oracle.ts'
import { splitFiles } from './split-files.ts'
import type { EventFile, TopicName } from './stage-events.ts'
import type { Row } from './warehouse.ts'

function file(topic: TopicName, name: string, ...events: readonly object[]): EventFile {
  return { topic, name, text: events.map((event) => `${JSON.stringify(event)}\n`).join('') }
}

const NO_CALENDAR = {
  from: '2024-01-01',
  to: '2023-12-31',
  fiscalYearStartMonth: 1,
  weekendDays: [],
}

let sold = 0

/** A purchase of one lamp by u1, with what a case changes. */
function sale(timestamp: string, changes: object = {}): object {
  sold += 1
  return {
    event_id: `sale-${sold}`,
    event_type: 'purchase',
    transaction_id: `t-${sold}`,
    user_id: 'u1',
    product_id: 'p1',
    product_name: 'Lamp',
    unit_price: 10,
    quantity: 1,
    country: 'France',
    timestamp,
    ...changes,
  }
}

function rowsOf(table: string, files: readonly EventFile[], settings: Partial<OracleInput> = {}) {
  const { tables } = oracle({
    files,
    countries: [],
    categories: [],
    calendar: {
      from: '2024-12-29',
      to: '2025-01-01',
      fiscalYearStartMonth: 4,
      weekendDays: [6, 7],
    },
    ...settings,
  })
  return tables.find(({ name }) => name.endsWith(`.${table}`))?.rows ?? []
}

function sales(...events: readonly object[]): EventFile[] {
  return [file('transactions-topic', 'a.jsonl', ...events)]
}

function pick(rows: readonly Row[], ...columns: readonly string[]): unknown[][] {
  return rows.map((row) => columns.map((column) => row[column]))
}

describe('the oracle of the warehouse', () => {
  test('moments keep microseconds and zones, and a day that no calendar has is none', () => {
    expect(printMoment(readMoment('2024-02-29T01:00:00.1200005+05:30') ?? 0)).toBe(
      '2024-02-28 19:30:00.120001+00',
    )
    expect(readMoment('2023-02-29T00:00:00Z')).toBeUndefined()
    expect(dayOf((readMoment('2024-03-01 00:00') ?? 0) - 1)).toBe('2024-02-29')
    expect(monthEnd('2023-02-01')).toBe('2023-02-28')
  })

  test('decimals round half away from zero, on both sides of it', () => {
    expect(toUnits(1.255, 2)).toBe(126n)
    expect(toUnits(-1.255, 2)).toBe(-126n)
    expect(toUnits(1e-7, 4)).toBe(0n)
    expect(divide(-5n, 10n)).toBe(-1n)
    expect(divide(5n, -10n)).toBe(-1n)
    expect(printUnits(-5n, 2)).toBe('-0.05')
  })

  test('of an event that was sent twice the first by name of file and line is staged', () => {
    const told = (name: string) =>
      sale('2024-01-01T00:00:00Z', { event_id: 'e', product_name: name })
    const files = [
      file('transactions-topic', 'b.jsonl', told('third')),
      file('transactions-topic', 'a.jsonl', told('first'), told('second')),
    ]
    expect(pick(rowsOf('stg_transactions', files), 'product_name', 'source_position')).toEqual([
      ['first', 1],
    ])
  })

  test('the calendar knows ISO weeks and fiscal years across the end of a year', () => {
    const columns = ['date_id', 'iso_year', 'week', 'day_of_week', 'fiscal_year', 'fiscal_month']
    expect(pick(rowsOf('dim_date', []), ...columns)).toEqual([
      [20241229, 2024, 52, 7, 2025, 9],
      [20241230, 2025, 1, 1, 2025, 9],
      [20241231, 2025, 1, 2, 2025, 9],
      [20250101, 2025, 1, 3, 2025, 10],
    ])
  })

  test('a new name opens a version, a price and a blank name do not, and the last of a moment wins', () => {
    const files = sales(
      sale('2024-01-01T00:00:00Z', { unit_price: 1 }),
      sale('2024-01-02T00:00:00Z', { unit_price: 2, product_name: ' ' }),
      sale('2024-01-03T00:00:00Z', { unit_price: 0, product_name: 'Free' }),
      sale('2024-01-04T00:00:00Z', { unit_price: 3, product_name: 'Never' }),
      sale('2024-01-04T00:00:00Z', { unit_price: 4, product_name: 'Red lamp' }),
    )
    expect(
      pick(
        rowsOf('dim_products', files),
        'product_name',
        'unit_price',
        'effective_from',
        'is_current',
      ),
    ).toEqual([
      ['Lamp', '2.0000', '2024-01-01 00:00:00+00', false],
      ['Red lamp', '4.0000', '2024-01-04 00:00:00+00', true],
    ])
  })

  test('a customer is new until the first month closes, and a closed version keeps its totals', () => {
    const files = sales(
      sale('2024-01-31T23:59:59Z'),
      sale('2024-02-01T00:00:00Z', { event_type: 'return', quantity: -1, unit_price: 4 }),
    )
    const columns = ['customer_segment', 'effective_to', 'total_transactions', 'total_spent']
    expect(pick(rowsOf('dim_customers', files), ...columns)).toEqual([
      ['New Customer', '2024-02-01 00:00:00+00', 1, '10.00'],
      // The only customer is in the first fifth, the worst, of all three.
      ['Lost Customers', '9999-12-31 00:00:00+00', 1, '6.00'],
    ])
    expect(pick(rowsOf('dim_customers', files, { asOf: '2024-01-31' }), ...columns)).toHaveLength(1)
  })

  test('a fact earlier than every version takes the first, and one of an unknown product none', () => {
    const view = (id: string, product_id: string, timestamp: string) => ({
      event_id: id,
      event_type: 'view',
      session_id: 's',
      product_id,
      timestamp,
    })
    const files = [
      ...sales(sale('2024-01-02T00:00:00Z'), sale('2024-01-03T00:00:00Z', { product_name: 'New' })),
      file(
        'product-views-topic',
        'a.jsonl',
        view('early', 'p1', '2024-01-01T00:00:00Z'),
        view('then', 'p1', '2024-01-03T00:00:00Z'),
        view('unknown', 'p2', '2024-01-03T00:00:00Z'),
      ),
    ]
    const [first, second] = rowsOf('dim_products', files)
    expect(pick(rowsOf('fact_product_views', files), 'event_id', 'product_id_pk')).toEqual([
      ['early', first?.['product_id_pk']],
      ['then', second?.['product_id_pk']],
      ['unknown', null],
    ])
  })

  test('analysis dates are the closed month ends and as_of, which is the last day of any topic', () => {
    const files = [
      ...sales(sale('2024-01-10T00:00:00Z')),
      file('cart-events-topic', 'a.jsonl', {
        event_id: 'c',
        event_type: 'checkout',
        session_id: 's',
        timestamp: '2024-03-31T12:00:00Z',
      }),
    ]
    expect(pick(rowsOf('rfm_analysis', files), 'analysis_date', 'recency_days')).toEqual([
      ['2024-01-31', 21],
      ['2024-02-29', 50],
      ['2024-03-31', 81],
    ])
    expect(rowsOf('customer_segments', files)).toHaveLength(6)
    expect(pick(rowsOf('customer_segments', []), 'analysis_date', 'customer_count')).toEqual(
      Array.from({ length: 6 }, () => [null, 0]),
    )
  })

  test('growth is against the adjacent period and the year before, null where it is absent or zero', () => {
    const files = sales(
      sale('2023-02-28T00:00:00Z', { unit_price: 30 }),
      sale('2024-02-28T00:00:00Z', { unit_price: 20 }),
      sale('2024-02-29T00:00:00Z', { unit_price: 15 }),
      sale('2024-03-01T00:00:00Z', { unit_price: 0 }),
      sale('2024-03-02T00:00:00Z', { unit_price: 5 }),
    )
    const days = rowsOf('sales_trends', files).filter((row) => row['period_type'] === 'day')
    expect(pick(days, 'period_start', 'growth_rate', 'growth_rate_year')).toEqual([
      ['2023-02-28', null, null],
      ['2024-02-28', null, '-33.33'],
      ['2024-02-29', '-25.00', null],
      ['2024-03-01', '-100.00', null],
      ['2024-03-02', null, null],
    ])
  })

  test('dirty events are the same for a seed, and the same tables come from any order and split of their files', () => {
    const settings = {
      seed: 5,
      events: 600,
      batches: 3,
      from: '2024-01-15',
      days: 90,
      users: 8,
      products: 5,
      contradictions: 'anything',
    } as const
    const files = dirtyEvents(settings).flat()
    expect(dirtyEvents(settings).flat()).toEqual(files)
    const [given, reversed, split] = [files, [...files].reverse(), splitFiles(files, 4).flat()].map(
      (files) => oracle({ files, countries: [], categories: [], calendar: NO_CALENDAR }).tables,
    )
    for (const [i, { name, rows }] of (given ?? []).entries()) {
      expect(reversed?.[i]?.rows, name).toEqual(rows)
      // Staging tells the coordinates too, and those are others.
      if (name.startsWith('warehouse.')) expect(split?.[i]?.rows, name).toEqual(rows)
    }
  })
})
