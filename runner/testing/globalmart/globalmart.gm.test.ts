import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { test } from '../sql-fixture.ts'
import { dirtyEvents, randomFrom } from './dirty-events.ts'
import { Shop } from './shop.ts'
import { splitFiles } from './split-files.ts'
import type { EventFile, TopicName } from './stage-events.ts'

/** Set it to try other events and orders. */
const SEED = Number(process.env['GM_ORACLE_SEED'] ?? 7)

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** A category that moves, a region that changes, a country that only events named so far, and a row that changes nothing. */
function changeSeeds({ root }: Shop): void {
  appendFileSync(
    join(root, 'seeds/globalmart/countries.csv'),
    [
      'Germany,Central Europe,EUR,2023-09-01T00:00:00Z',
      'Atlantis,Oceania,ATL,2023-06-15T12:00:00Z',
      'France,Europe,EUR,2023-05-01T00:00:00Z\n',
    ].join('\n'),
  )
  appendFileSync(
    join(root, 'seeds/globalmart/categories.csv'),
    ['Phones,Computers,2023-08-01T00:00:00Z', 'Wonders,,2000-01-01T00:00:00Z\n'].join('\n'),
  )
}

test('a shop full of ties and contradictions, landed in any order with a build after each batch, equals the oracle', {
  timeout: 600_000,
}, async ({ connection, sql }) => {
  const batches = dirtyEvents({
    seed: SEED,
    events: 2500,
    batches: 5,
    from: '2023-01-15',
    days: 430,
    users: 25,
    products: 12,
  })
  const all = batches.flat()
  const random = randomFrom(SEED + 1)
  const shop = new Shop(connection, sql)
  try {
    const landed: EventFile[] = []
    const add = async (files: readonly EventFile[]): Promise<void> => {
      landed.push(...files)
      await shop.land(files)
      await shop.build()
      expect(await shop.differences(landed)).toEqual([])
    }
    for (const [i, batch] of batches.entries()) {
      if (i === 2) changeSeeds(shop)
      await add(batch)
    }
    await shop.build('--full-refresh')
    expect(await shop.differences(all)).toEqual([])

    // Another order: file by file, so that topics come one without the other.
    await shop.empty()
    landed.length = 0
    for (const file of shuffled(all, random)) await add([file])

    // Another split, in another order.
    await shop.empty()
    landed.length = 0
    for (const part of shuffled(splitFiles(all, 3), random)) await add(part)

    // The comparison can fail.
    await sql(`update warehouse.fact_cart_events set cart_value = cart_value + 0.01
               where event_id = (select min(event_id) from warehouse.fact_cart_events where cart_value > 0)`)
    expect(await shop.differences(landed)).toEqual([
      expect.stringMatching(
        /^warehouse\.fact_cart_events \(e\d+\): cart_value is [\d.]+, not [\d.]+$/,
      ),
    ])
  } finally {
    shop.remove()
  }
})

test('a run that is told a day takes it for today, before and after the last event', {
  timeout: 300_000,
}, async ({ connection, sql }) => {
  const files = dirtyEvents({
    seed: SEED + 2,
    events: 600,
    batches: 1,
    from: '2024-01-10',
    days: 100,
    users: 15,
    products: 8,
  }).flat()
  const shop = new Shop(connection, sql)
  try {
    await shop.land(files)
    for (const day of ['2024-03-15', '2024-06-30', '2024-02-29', '2024-08-01']) {
      await shop.build('--as-of', day)
      expect(await shop.differences(files, day), day).toEqual([])
    }
    await shop.build()
    expect(await shop.differences(files)).toEqual([])
  } finally {
    shop.remove()
  }
})

describe('a shop with hardly any events builds, and equals the oracle', () => {
  const one: Readonly<Record<TopicName, string>> = {
    'transactions-topic':
      '{"event_id":"e1","event_type":"purchase","transaction_id":"t1","user_id":"u1","product_id":"p1","unit_price":2.5,"quantity":2,"country":"France","timestamp":"2024-02-29T10:00:00Z"}\n',
    'product-views-topic':
      '{"event_id":"e1","event_type":"view","session_id":"s1","user_id":"u1","product_id":"p1","timestamp":"2024-02-29T10:00:00Z"}\n',
    'cart-events-topic':
      '{"event_id":"e1","event_type":"checkout","session_id":"s1","user_id":"u1","cart_value":5,"timestamp":"2024-02-29T10:00:00Z"}\n',
  }
  const topics = Object.keys(one) as TopicName[]
  const file = (topic: TopicName, text: string): EventFile => ({ topic, name: 'a.jsonl', text })
  const many = dirtyEvents({
    seed: SEED + 3,
    events: 300,
    batches: 1,
    from: '2024-01-10',
    days: 60,
    users: 10,
    products: 5,
  }).flat()

  const cases: Readonly<Record<string, EventFile[]>> = {
    'empty topics': topics.map((topic) => file(topic, '')),
    ...Object.fromEntries(topics.map((t) => [`one event of ${t}`, [file(t, one[t])]])),
    ...Object.fromEntries(topics.map((t) => [`only ${t}`, many.filter((f) => f.topic === t)])),
  }
  for (const [title, files] of Object.entries(cases)) {
    test(title, { timeout: 120_000 }, async ({ connection, sql }) => {
      const shop = new Shop(connection, sql)
      try {
        await shop.land(files)
        await shop.build()
        expect(await shop.differences(files)).toEqual([])
        await shop.build('--full-refresh')
        expect(await shop.differences(files)).toEqual([])
      } finally {
        shop.remove()
      }
    })
  }
})
