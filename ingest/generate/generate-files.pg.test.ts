import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { expect } from 'vitest'
import type { Connection } from '../../runner/project/project.ts'
import { test as base } from '../../runner/testing/sql-fixture.ts'
import { landFile } from '../files/land-file.ts'
import type { GenerateResult } from './generate-files.ts'
import { generateFiles } from './generate-files.ts'
import { CATEGORIES } from './globalmart/categories.ts'
import { describeCustomer } from './globalmart/describe-customer.ts'

const SEEDS = join(import.meta.dirname, '../../seeds/globalmart')
const OPTIONS = { seed: 7, events: 6_000, days: 6 } as const
const DIRT = { duplicates: 0.05, late: 0.05, badJson: 0.01, missingField: 0.01 } as const

const test = base.extend<{ folder: string }>({
  // eslint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'gm-generate-'))
    await use(folder)
    await rm(folder, { recursive: true })
  },
})

async function land(result: GenerateResult, connection: Connection): Promise<void> {
  const { host, port, user, password, database } = connection
  const config = { host, port, user, database, ...(password === undefined ? {} : { password }) }
  for (const { topic, path } of result.files) {
    await landFile({ connection: config, topic, path })
  }
}

async function sums(result: GenerateResult): Promise<Record<string, string>> {
  const pairs = result.files.map(async ({ path }) => {
    const bytes = await readFile(path)
    const text = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
    return [basename(path, '.gz'), createHash('sha256').update(text).digest('hex')] as const
  })
  return Object.fromEntries(await Promise.all(pairs))
}

test('a generated shop lands as counted: every event that is whole, and every broken one as a dead letter', async ({
  folder,
  connection,
  sql,
}) => {
  const result = await generateFiles({ ...OPTIONS, ...DIRT }, { folder, batches: 3 })
  expect(result.files).toHaveLength(9)
  expect(result.badJson).toBeGreaterThan(20)
  expect(result.missingField).toBeGreaterThan(20)

  await land(result, connection)

  const raw = ['transactions', 'product_views', 'cart_events']
    .map((table) => `select event_id, event_time, payload from raw.${table}`)
    .join(' union all ')
  const [landed] = await sql(
    `select count(*)::int as lines, count(distinct event_id)::int as events,
       min(event_time) >= '2025-01-01Z' and max(event_time) < '2025-01-07Z' as in_time
     from (${raw}) as events`,
  )
  const dead = result.badJson + result.missingField
  const deadLetters = await sql(
    'select reason, count(*)::int as count from raw.dead_letters group by reason order by reason',
  )
  expect(deadLetters).toEqual([
    { reason: 'bad_json', count: result.badJson },
    { reason: 'schema_violation', count: result.missingField },
  ])
  expect(landed).toMatchObject({ lines: result.lines - dead, in_time: true })
  // Broken ones may have been sent twice, too; what is whole was sent once or twice.
  const landedTwice = Number(landed?.['lines']) - Number(landed?.['events'])
  expect(landedTwice).toBeGreaterThan(0.9 * result.duplicates)
  expect(landedTwice).toBeLessThanOrEqual(result.duplicates)
})

test('the same options write the same bytes, compressed or not', async ({ folder }) => {
  const plain = await generateFiles(OPTIONS, { folder, batches: 2 })
  const again = await generateFiles(OPTIONS, { folder: join(folder, 'again'), batches: 2 })
  const packed = await generateFiles(OPTIONS, { folder, batches: 2, gzip: true })
  expect(await sums(again)).toEqual(await sums(plain))
  expect(await sums(packed)).toEqual(await sums(plain))
})

test('late events and duplicates stand in later batches, and the batches together in the order of one', async ({
  folder,
}) => {
  const options = { ...OPTIONS, ...DIRT }
  const one = await generateFiles(options, { folder: join(folder, 'one') })
  const three = await generateFiles(options, { folder: join(folder, 'three'), batches: 3 })
  const textOf = async (result: GenerateResult, topic: string): Promise<string> => {
    const files = result.files.filter((file) => file.topic === topic)
    const texts = await Promise.all(files.map(async ({ path }) => await readFile(path, 'utf8')))
    return texts.join('')
  }
  for (const topic of ['transactions-topic', 'product-views-topic', 'cart-events-topic']) {
    expect(await textOf(three, topic)).toBe(await textOf(one, topic))
  }
  const last = three.files.find(({ batch, topic }) => batch === 3 && topic === 'cart-events-topic')
  const lines = (await readFile(last?.path ?? '', 'utf8')).split('\n')
  // The third batch is the last two of six days.
  expect(lines.filter((line) => /"2025-01-0[1-4]T/.test(line)).length).toBeGreaterThan(10)
})

test('a folder that cannot be made is refused by name', async ({ folder }) => {
  const file = join(folder, 'taken')
  await generateFiles({ events: 1 }, { folder: file })
  const below = join(file, 'transactions-topic-01.jsonl', 'below')
  await expect(generateFiles({ events: 1 }, { folder: below })).rejects.toMatchObject({
    code: 'GM7005',
  })
})

test('the seeds of the project know every category and country that is generated', async () => {
  const read = async (name: string): Promise<Record<string, string>[]> =>
    parse(await readFile(join(SEEDS, name)), { columns: true })
  const categories = new Map(
    (await read('categories.csv')).map((row) => [row['category'], row['parent_category']]),
  )
  for (const { name, parent } of CATEGORIES) expect(categories.get(name), name).toBe(parent)
  expect(CATEGORIES.length).toBeGreaterThan(100)

  const countries = new Set((await read('countries.csv')).map((row) => row['country']))
  const lived = new Set(
    Array.from({ length: 1_000 }, (_, number) => describeCustomer(1, number, 0).country),
  )
  expect(lived.size).toBe(5)
  for (const country of lived) expect(countries).toContain(country)
})
