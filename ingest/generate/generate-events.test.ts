import { describe, expect, test } from 'vitest'
import { createDecoder } from '../decode/decode-event.ts'
import { findTopic } from '../topics/registry.ts'
import { generateEvents } from './generate-events.ts'
import type { GenerateOptions } from './options.ts'
import type { GeneratedEvent } from './send-events.ts'

const DAY_MS = 86_400_000
const START_MS = Date.parse('2025-01-01T00:00:00Z')
const CLEAN = {
  duplicates: 0,
  late: 0,
  disordered: 0,
  badJson: 0,
  missingField: 0,
  blankField: 0,
} as const

function generate(options: Partial<GenerateOptions> = {}): GeneratedEvent[] {
  return [...generateEvents({ events: 10_000, ...options })]
}

type Fields = Readonly<Record<string, string | number | null>>

function fieldsOf(events: readonly GeneratedEvent[]): Fields[] {
  return events.map(({ text }) => JSON.parse(text) as Fields)
}

function texts(events: readonly GeneratedEvent[]): string[] {
  return events.map(({ text }) => text)
}

function sales(options: Partial<GenerateOptions> = {}): Fields[] {
  return fieldsOf(
    generate({ ...CLEAN, ...options }).filter(({ topic }) => topic === 'transactions-topic'),
  )
}

describe('the seed', () => {
  test('the same options give the same lines at the same moments', () => {
    expect(generate({ seed: 7 })).toEqual(generate({ seed: 7 }))
  })

  test('another seed gives other lines', () => {
    const first = new Set(texts(generate({ seed: 7 })))
    expect(texts(generate({ seed: 8 })).filter((text) => first.has(text))).toEqual([])
  })

  test('other rates of dirt leave what happens as it is', () => {
    const clean = texts(generate(CLEAN))
    const dirty = generate({ duplicates: 0.2, late: 0.2, disordered: 0.2 })
    expect(new Set(texts(dirty.filter(({ flaw }) => flaw === undefined))).size).toBeGreaterThan(0)
    const happened = new Set(clean)
    const unspoilt = dirty.filter(({ flaw }) => flaw === undefined)
    expect(texts(unspoilt).filter((text) => !happened.has(text))).toEqual([])
  })

  test('the next days have the same products and customers under ids of their own', () => {
    const first = sales({ start: '2025-01-01', days: 3 })
    const next = sales({ start: '2025-01-04', days: 3 })
    const ids = new Set(first.map((sale) => sale['event_id']))
    expect(next.filter((sale) => ids.has(sale['event_id'] ?? null))).toEqual([])
    // Within a week hardly a product changes, so nearly all keep their names.
    const names = new Map(first.map((sale) => [sale['product_id'], sale['product_name']]))
    const known = next.filter((sale) => names.has(sale['product_id']))
    const same = known.filter((sale) => names.get(sale['product_id']) === sale['product_name'])
    expect(same.length / known.length).toBeGreaterThan(0.95)
  })
})

describe('what happens', () => {
  test('the events are as many as asked for, within the days, in order of time', () => {
    const events = generate({ ...CLEAN, events: 5_001, days: 3 })
    expect(events).toHaveLength(5_001)
    const moments = fieldsOf(events).map((fields) => Date.parse(String(fields['timestamp'])))
    expect(moments).toEqual([...moments].sort((a, b) => a - b))
    expect(moments[0]).toBeGreaterThanOrEqual(START_MS)
    expect(moments.at(-1)).toBeLessThan(START_MS + 3 * DAY_MS)
  })

  test.each([
    { views: 60, cart: 30, transactions: 10 },
    { views: 40, cart: 40, transactions: 20 },
    { views: 1, cart: 0, transactions: 0 },
  ])('the mix $views : $cart : $transactions is met within one percent', (mix) => {
    const events = generate({ ...CLEAN, mix })
    const share = (topic: string): number =>
      events.filter((event) => event.topic === topic).length / events.length
    const whole = mix.views + mix.cart + mix.transactions
    expect(Math.abs(share('product-views-topic') - mix.views / whole)).toBeLessThan(0.01)
    expect(Math.abs(share('cart-events-topic') - mix.cart / whole)).toBeLessThan(0.01)
    expect(Math.abs(share('transactions-topic') - mix.transactions / whole)).toBeLessThan(0.01)
  })

  test('evenings are busier than nights, and Saturdays than Tuesdays', () => {
    const times = generate({ ...CLEAN, days: 28 }).map(({ sentMs }) => new Date(sentMs))
    const at = (hour: number): number => times.filter((time) => time.getUTCHours() === hour).length
    const on = (day: number): number => times.filter((time) => time.getUTCDay() === day).length
    expect(at(20)).toBeGreaterThan(5 * at(4))
    expect(on(6)).toBeGreaterThan(1.3 * on(2))
  })

  test('a tenth of the products makes well over a third of the sales', () => {
    const counts = new Map<unknown, number>()
    const sold = sales({ products: 1_000 })
    for (const { product_id: id } of sold) counts.set(id, (counts.get(id) ?? 0) + 1)
    const best = [...counts.values()].sort((a, b) => b - a).slice(0, 100)
    expect(best.reduce((sum, n) => sum + n, 0) / sold.length).toBeGreaterThan(0.35)
  })

  test('amounts are exact: quantity times price less discount, to the cent', () => {
    const wrong = sales().filter((sale) => {
      const cents = (field: string): number => Math.round(Number(sale[field]) * 100)
      const expected = Number(sale['quantity']) * cents('unit_price') - cents('discount_amount')
      return cents('total_amount') !== expected
    })
    expect(wrong).toEqual([])
  })

  test('a return takes back part of an earlier purchase of the same user', () => {
    const all = sales({ returns: 0.3 })
    const returned = all.filter((sale) => sale['event_type'] === 'return')
    expect(returned.length).toBeGreaterThan(100)
    const purchases = new Map(
      all
        .filter((sale) => sale['event_type'] === 'purchase')
        .map((sale) => [
          `R${String(sale['transaction_id']).slice(1)}-${String(sale['line_number'])}`,
          sale,
        ]),
    )
    for (const back of returned) {
      const purchase = purchases.get(String(back['transaction_id']))
      expect(purchase).toMatchObject({ user_id: back['user_id'], product_id: back['product_id'] })
      expect(Number(purchase?.['quantity']) + Number(back['quantity'])).toBeGreaterThanOrEqual(0)
      expect(String(purchase?.['timestamp']) < String(back['timestamp'])).toBe(true)
    }
  })

  test('the stock goes down by what is sold, up by what comes back, and never below zero', () => {
    const left = new Map<unknown, number>()
    let refills = 0
    for (const sale of sales({ products: 20, returns: 0.2 })) {
      const after = Number(sale['stock_after'])
      expect(after).toBeGreaterThanOrEqual(0)
      const before = left.get(sale['product_id'])
      if (before !== undefined && after !== before - Number(sale['quantity'])) refills += 1
      left.set(sale['product_id'], after)
    }
    expect(refills).toBeGreaterThan(0)
    expect(refills).toBeLessThan(200)
  })

  test('over two months products are renamed, moved and repriced, and customers move', () => {
    // As many purchases as sessions allow.
    const mix = { views: 0, cart: 0, transactions: 1 }
    const all = sales({ events: 40_000, users: 800, products: 200, mix })
    const changed = (key: string, field: string): number => {
      const values = new Map<unknown, Set<unknown>>()
      for (const sale of all) {
        if (sale[key] === null) continue
        values.set(sale[key], (values.get(sale[key]) ?? new Set()).add(sale[field]))
      }
      return [...values.values()].filter(({ size }) => size > 1).length
    }
    expect(changed('product_id', 'product_name')).toBeGreaterThan(10)
    expect(changed('product_id', 'category')).toBeGreaterThan(1)
    expect(changed('product_id', 'unit_price')).toBeGreaterThan(150)
    expect(changed('user_id', 'country')).toBeGreaterThan(5)
  })

  test('a session that buys has put into the cart what it buys', () => {
    const events = fieldsOf(generate({ ...CLEAN, guests: 0, events: 2_000, returns: 0 }))
    const added = new Set<string>()
    const pair = (event: Fields): string =>
      `${String(event['user_id'])} ${String(event['product_id'])}`
    for (const event of events) {
      if (event['event_type'] === 'add') added.add(pair(event))
      if (event['event_type'] === 'purchase') expect(added).toContain(pair(event))
    }
  })

  test('one event, one user and one product are enough', () => {
    expect(generate({ ...CLEAN, events: 1, users: 1, products: 1, days: 1 })).toHaveLength(1)
  })
})

describe('dirt', () => {
  const RATES = {
    duplicates: 0.04,
    late: 0.05,
    disordered: 0.06,
    badJson: 0.02,
    missingField: 0.03,
    blankField: 0.01,
    guests: 0.2,
  } as const
  const events = generate(RATES)
  const first = events.filter(({ isDuplicate }) => !isDuplicate)
  const share = (is: (event: GeneratedEvent) => boolean): number =>
    first.filter(is).length / first.length

  test('each kind comes at its rate', () => {
    expect(events.length / first.length - 1).toBeCloseTo(RATES.duplicates, 2)
    expect(share(({ delay }) => delay === 'late')).toBeCloseTo(RATES.late, 2)
    expect(share(({ delay }) => delay === 'disordered')).toBeCloseTo(RATES.disordered, 2)
    expect(share(({ flaw }) => flaw === 'bad_json')).toBeCloseTo(RATES.badJson, 2)
    expect(share(({ flaw }) => flaw === 'missing_field')).toBeCloseTo(RATES.missingField, 2)
    expect(share(({ flaw }) => flaw === 'blank_field')).toBeCloseTo(RATES.blankField, 2)
    expect(Math.abs(share(({ key }) => key === null) - RATES.guests)).toBeLessThan(0.04)
  })

  test('events stand in the order of sending', () => {
    const sent = events.map(({ sentMs }) => sentMs)
    expect(sent).toEqual([...sent].sort((a, b) => a - b))
  })

  test('the second of two stands behind the first and is the same to the byte', () => {
    const seen = new Set<string>()
    // Cut short enough, two different events are the same text.
    const whole = events.filter(({ flaw }) => flaw !== 'bad_json')
    const wrong = whole.filter(({ text, isDuplicate }) => {
      const isSecond = seen.has(text)
      seen.add(text)
      return isSecond !== isDuplicate
    })
    expect(wrong).toEqual([])
    expect(whole.filter(({ isDuplicate }) => isDuplicate).length).toBeGreaterThan(100)
  })

  test('a late event is sent at least an hour after it happened, and every event after it happened', () => {
    const readable = first.filter(({ flaw }) => flaw !== 'bad_json' && flaw !== 'missing_field')
    const wrong = readable.filter(({ text, sentMs, delay }) => {
      const waitedMs = sentMs - Date.parse(String((JSON.parse(text) as Fields)['timestamp']))
      if (delay === 'late') return waitedMs < 3_600_000
      return delay === undefined ? waitedMs !== 0 : waitedMs <= 0
    })
    expect(wrong).toEqual([])
  })

  test('the events that a topic refuses are just those whose flaw says so', () => {
    const decoders = new Map(
      ['transactions-topic', 'product-views-topic', 'cart-events-topic'].map((name) => [
        name,
        createDecoder(findTopic(name), START_MS + 365 * DAY_MS),
      ]),
    )
    const reasons = { bad_json: 'bad_json', missing_field: 'schema_violation' } as const
    const wrong = events.filter(({ topic, text, flaw }) => {
      const decoded = decoders.get(topic)?.fromJson(text)
      const reason = decoded !== undefined && 'reason' in decoded ? decoded.reason : undefined
      return reason !== (flaw === undefined || flaw === 'blank_field' ? undefined : reasons[flaw])
    })
    expect(wrong).toEqual([])
  })
})

test('options that cannot be used are refused all at once', () => {
  expect(() => generateEvents({ users: 0, late: 2, start: 'Monday' })).toThrow(
    /start is a day as YYYY-MM-DD, not "Monday"\n.*users is a whole number from 1 to 10000000, not 0\n.*late is a share from 0 to 1, not 2/,
  )
})

describe('a live shop', () => {
  test('has as many events a second as told from the first one on, of that moment, and the same from the same start', () => {
    const live = { startMs: Date.parse('2026-05-05T12:00:00Z'), perSecond: 20 }
    const take = (): GeneratedEvent[] => {
      const events: GeneratedEvent[] = []
      for (const event of generateEvents({ seed: 7, ...CLEAN, live })) {
        if (event.sentMs >= live.startMs + 180_000) return events
        events.push(event)
      }
      return events
    }
    const events = take()
    expect(events).toEqual(take())
    expect(events[0]?.sentMs).toBeGreaterThanOrEqual(live.startMs)
    for (const minute of [0, 1, 2]) {
      const count = events.filter(
        ({ sentMs }) => Math.floor((sentMs - live.startMs) / 60_000) === minute,
      ).length
      expect(Math.abs(count / 1_200 - 1)).toBeLessThan(0.15)
    }
    expect(fieldsOf(events).map(({ timestamp }) => Date.parse(String(timestamp)))).toEqual(
      events.map(({ sentMs }) => sentMs),
    )
    expect(new Set(events.map(({ topic }) => topic)).size).toBe(3)
  })
})
