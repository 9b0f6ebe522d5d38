import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect } from 'vitest'
import { generateFiles } from '../../../ingest/generate/generate-files.ts'
import { randomFrom } from '../random.ts'
import { test } from '../sql-fixture.ts'
import { dirtyEvents } from './dirty-events.ts'
import { Shop } from './shop.ts'
import { splitFiles } from './split-files.ts'
import type { EventFile, TopicName } from './stage-events.ts'

/** Set it to try other events and orders. */
const SEED = Number(process.env['GM_ORACLE_SEED'] ?? 7)

/** 200,000 take some minutes. */
const EVENTS = Number(process.env['GM_ORACLE_EVENTS'] ?? 40_000)

/** Generated shops: the one of every run, and five more of the long run. */
const GENERATED = [
  { seed: SEED, events: EVENTS },
  ...(process.env['GM_LONG'] === '1'
    ? [101, 202, 303, 404, 505].map((seed) => ({ seed, events: 200_000 }))
    : []),
]

/** The histories with what they are made of, and without their tests, which compare them with the facts. */
const DIMENSIONS = ['+path:snapshots', '--resource-type', 'model', 'seed', 'snapshot']

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** A category that moves, a region that changes, a country that only events named so far, a row that changes nothing, a longer weekend. */
function changeSeeds({ root }: Shop, from: string): void {
  appendFileSync(
    join(root, 'seeds/globalmart/countries.csv'),
    [
      `Germany,Central Europe,EUR,${from}`,
      `Atlantis,Oceania,AUD,${from}`,
      `France,Europe,EUR,${from}\n`,
    ].join('\n'),
  )
  appendFileSync(
    join(root, 'seeds/globalmart/categories.csv'),
    [`Phones,Computers,${from}`, 'Wonders,,2000-01-01T00:00:00Z\n'].join('\n'),
  )
  appendFileSync(join(root, 'seeds/globalmart/calendar_rules.csv'), 'weekend_day,5,Friday\n')
}

test('a shop full of ties and contradictions, landed in any order with a build after each batch, equals the oracle', {
  timeout: 3_600_000,
}, async ({ connection, sql }) => {
  const batches = dirtyEvents({
    seed: SEED,
    events: 2500,
    batches: 5,
    from: '2023-01-15',
    days: 430,
    users: 25,
    products: 12,
    contradictions: 'anything',
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
      if (i === 2) changeSeeds(shop, '2023-06-15T12:00:00Z')
      await add(batch)
    }
    await shop.build('--full-refresh')
    expect(await shop.differences(all)).toEqual([])

    // Another order: file by file, so that topics come one without the other.
    await shop.empty()
    landed.length = 0
    for (const file of shuffled(all, random)) await add([file])

    // Another split, in another order. Every other time only the dimensions are built: their versions come, and are corrected
    // by the next part, before the facts hear of them.
    await shop.empty()
    landed.length = 0
    for (const [i, part] of shuffled(splitFiles(all, 6), random).entries()) {
      if (i % 2 === 1) {
        await add(part)
      } else {
        landed.push(...part)
        await shop.land(part)
        await shop.build('--select', ...DIMENSIONS)
      }
    }

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

/** Files of the generator, with more dirt than it makes when it is not asked to. */
async function generated(seed: number, events: number, batches: number): Promise<EventFile[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'gm-generated-'))
  try {
    const { files } = await generateFiles(
      {
        seed,
        events,
        start: '2025-01-20',
        days: 75,
        users: Math.ceil(events / 50),
        products: Math.ceil(events / 200),
        returns: 0.1,
        duplicates: 0.03,
        late: 0.05,
        blankField: 0.02,
      },
      { folder, batches },
    )
    return Array.from({ length: batches }, (_, i) =>
      files
        .filter(({ batch }) => batch === i + 1)
        .map(({ topic, path }) => ({
          topic: topic as TopicName,
          name: basename(path),
          text: readFileSync(path, 'utf8'),
        })),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.for(GENERATED)(
  '$events generated events of seed $seed equal the oracle half way, at the end, rebuilt, and split and ordered otherwise',
  {
    timeout: 3_600_000,
  },
  async ({ seed, events }, { connection, sql }) => {
    const batches = await generated(seed, events, 5)
    const all = batches.flat()
    const random = randomFrom(seed)
    const middle = 1 + Math.floor(random() * 3)
    const shop = new Shop(connection, sql)
    try {
      for (const [i, batch] of batches.entries()) {
        if (i === 2) changeSeeds(shop, '2025-02-17T09:00:00Z')
        await shop.land(batch)
        await shop.build()
        if (i === middle) {
          expect(await shop.differences(batches.slice(0, i + 1).flat())).toEqual([])
        }
      }
      expect(await shop.differences(all)).toEqual([])
      await shop.build('--full-refresh')
      expect(await shop.differences(all)).toEqual([])

      await shop.empty()
      const parts = shuffled(splitFiles(all, 4), random)
      for (const part of parts) {
        await shop.land(part)
        await shop.build()
      }
      expect(await shop.differences(parts.flat())).toEqual([])

      // The comparison can fail, in a history too.
      await sql(`update warehouse.dim_customers set total_spent = total_spent + 0.01
               where customer_sk = (select min(customer_sk) from warehouse.dim_customers)`)
      expect(await shop.differences(parts.flat())).toEqual([
        expect.stringMatching(
          /^warehouse\.dim_customers \(.*\): total_spent is [\d.]+, not [\d.]+$/,
        ),
      ])
    } finally {
      shop.remove()
    }
  },
)

test('a run that is told a day takes it for today, before and after the last event', {
  timeout: 1_200_000,
}, async ({ connection, sql }) => {
  const files = dirtyEvents({
    seed: SEED + 2,
    events: 600,
    batches: 1,
    from: '2024-01-10',
    days: 100,
    users: 15,
    products: 8,
    contradictions: 'values',
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

test('an event that is told again with another user and day, from coordinates that come first, equals the oracle', {
  timeout: 600_000,
}, async ({ connection, sql }) => {
  const line = (id: string, user: string, time: string): string =>
    `{"event_id":"${id}","event_type":"purchase","transaction_id":"${id}","user_id":"${user}","product_id":"p1","unit_price":2.5,"quantity":2,"country":"France","timestamp":"${time}"}\n`
  const file = (name: string, text: string): EventFile => ({
    topic: 'transactions-topic',
    name,
    text,
  })
  const later = file(
    'b.jsonl',
    line('e1', 'u1', '2024-01-10T10:00:00Z') + line('e2', 'u2', '2024-03-05T10:00:00Z'),
  )
  const first = file('a.jsonl', line('e1', 'u2', '2024-02-20T10:00:00Z'))
  const shop = new Shop(connection, sql)
  try {
    await shop.land([later])
    await shop.build()
    await shop.land([first])
    await shop.build('--resource-type', 'model', 'seed', 'snapshot')
    expect(await shop.differences([later, first])).toEqual([])
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
    contradictions: 'values',
  }).flat()

  const sale = one['transactions-topic']
  const cases: Readonly<Record<string, EventFile[]>> = {
    'a leap day and the day that has no counterpart a year before': [
      file(
        'transactions-topic',
        sale + sale.replace('e1', 'e2').replace('2024-02-29', '2023-02-28'),
      ),
    ],
    'empty topics': topics.map((topic) => file(topic, '')),
    ...Object.fromEntries(topics.map((t) => [`one event of ${t}`, [file(t, one[t])]])),
    ...Object.fromEntries(topics.map((t) => [`only ${t}`, many.filter((f) => f.topic === t)])),
  }
  for (const [title, files] of Object.entries(cases)) {
    test(title, { timeout: 600_000 }, async ({ connection, sql }) => {
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
