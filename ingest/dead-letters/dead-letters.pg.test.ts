import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { gmErrorsOf } from '../../runner/base/error.ts'
import { test as base } from '../../runner/testing/sql-fixture.ts'
import type { LandingPlace } from '../index.ts'
import { landFile, listDeadLetters, pruneRaw, replayDeadLetters, showDeadLetter } from '../index.ts'

const test = base.extend<{ place: LandingPlace }>({
  place: async ({ connection }, use) => {
    const { host, port, user, password, database } = connection
    const root = await mkdtemp(join(tmpdir(), 'gm-dead-'))
    await use({
      root,
      variable: () => undefined,
      connection: { host, port, user, password, database },
    })
    await rm(root, { recursive: true, force: true })
  },
})

const VIEW = { event_id: 'v1', event_type: 'view', session_id: 's', product_id: 'p' }

/** Three lines: an event, no JSON, and a view without its session. */
async function landThree(place: LandingPlace): Promise<void> {
  const path = join(place.root, 'views.jsonl')
  const time = { timestamp: '2026-01-01T00:00:00Z' }
  await writeFile(
    path,
    [
      JSON.stringify({ ...VIEW, ...time }),
      'no json',
      JSON.stringify({ ...VIEW, session_id: undefined, ...time }),
    ].join('\n'),
  )
  await landFile({ connection: place.connection, topic: 'product-views-topic', path })
}

describe('dead letters', () => {
  test('are listed with their place and reason, by topic and by reason, and shown with their bytes', async ({
    place,
  }) => {
    await landThree(place)
    const all = await listDeadLetters(place, {}, 10)
    expect(all.letters.map(({ place: at, reason }) => `${at} ${reason}`)).toEqual([
      'views.jsonl:3 schema_violation',
      'views.jsonl:2 bad_json',
    ])
    expect((await listDeadLetters(place, { topic: 'cart-events-topic' }, 10)).letters).toEqual([])
    const some = await listDeadLetters(place, { reason: 'bad_json' }, 10)
    expect(some.count).toBe(1)
    const shown = await showDeadLetter(place, Number(some.letters[0]?.id))
    expect(shown?.rawBytes?.toString()).toBe('no json')
    expect(await showDeadLetter(place, 1_000_000)).toBeUndefined()
  })

  test('that are still no events stay when they are replayed, and say why', async ({ place }) => {
    await landThree(place)
    const { replayed, refused } = await replayDeadLetters(place, {})
    expect(replayed).toBe(0)
    expect(refused.map(({ message }) => message)).toEqual([
      expect.stringContaining('JSON'),
      expect.stringContaining('session_id'),
    ])
  })

  test('that have become events land once under their first coordinates, however many replay at once', async ({
    place,
    sql,
  }) => {
    await landThree(place)
    // As if the rules had been stricter on the day of the landing.
    const good = JSON.stringify({ ...VIEW, event_id: 'v3', timestamp: '2026-01-01T00:00:00Z' })
    await sql(`update raw.dead_letters set raw_bytes = $1 where reason = 'schema_violation'`, [
      Buffer.from(good),
    ])
    const results = await Promise.all([1, 2, 3].map(() => replayDeadLetters(place, {})))
    expect(results.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(1)
    expect(
      await sql(`select event_id, file_name, line::int from raw.product_views order by line`),
    ).toEqual([
      { event_id: 'v1', file_name: 'views.jsonl', line: 1 },
      { event_id: 'v3', file_name: 'views.jsonl', line: 3 },
    ])
    const { letters } = await listDeadLetters(place, {}, 10)
    expect(letters.map(({ reason }) => reason)).toEqual(['bad_json'])
  })
})

describe('pruning', () => {
  test('finds nothing to drop among young partitions, and refuses old ones for want of an archive, naming who has not read them', async ({
    place,
    sql,
  }) => {
    await landThree(place)
    await pruneRaw(place, 30)
    await sql(`create table raw.product_views_p20200101 partition of raw.product_views
      for values from ('2020-01-01 00:00:00+00') to ('2020-01-02 00:00:00+00')`)
    await sql(
      `create schema gm; create table gm.marks (relation text, input text, mark pg_snapshot, seen xid8[])`,
    )
    await sql(
      `insert into gm.marks values ('"staging"."views"', '"raw"."product_views"', pg_current_snapshot(), '{}')`,
    )
    await sql(`insert into raw.product_views (topic, event_id, event_type, event_time, landed_at, payload)
      values ('product-views-topic', 'old', 'view', '2020-01-01', '2020-01-01 12:00:00+00', '{}')`)
    const refusal = await pruneRaw(place, 30).catch((error: unknown) => gmErrorsOf(error)?.[0])
    expect(refusal).toMatchObject({ code: 'GM7012' })
    expect(String(refusal)).toContain(
      'raw.product_views_p20200101 has not been read by "staging"."views"',
    )
    await sql(`update gm.marks set mark = pg_current_snapshot()`)
    const other = await pruneRaw(place, 30).catch((error: unknown) => gmErrorsOf(error)?.[0])
    expect(String(other)).not.toContain('has not been read')
    expect(
      await sql(`select count(*)::int as n from raw.product_views where event_id = 'old'`),
    ).toEqual([{ n: 1 }])
  })
})
