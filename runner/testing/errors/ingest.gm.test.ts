import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

const TOPICS = 'topics:\n  cart-events-topic: { start: latest }\n'

describe('mistakes in landing from Kafka', () => {
  test('an unknown key of ingest.yml is shown at its place with the nearest one', async ({
    project,
    screen,
  }) => {
    const root = await project({ 'ingest.yml': `broker: ['localhost:9092']\n${TOPICS}` })
    await screen('ingest-unknown-key', { root, args: ['ingest', 'kafka'] })
  })

  test('brokers that do not answer are named', async ({ project, screen }) => {
    // Port 9 is nobody's.
    const root = await project({ 'ingest.yml': `brokers: ['127.0.0.1:9']\n${TOPICS}` })
    await screen('kafka-down', { root, args: ['ingest', 'kafka', '-q'] })
  })

  test('a table of the name of one that events land in is shown with what it has', async ({
    project,
    screen,
    sql,
  }) => {
    await sql('create schema raw; create table raw.cart_events (cart integer, item text)')
    const root = await project({ 'carts.csv': '' })
    const args = ['ingest', 'file', 'cart-events-topic', 'carts.csv']
    await screen('raw-table-of-others', { root, args })
  })

  test('old partitions are not dropped without an archive', async ({ project, screen, sql }) => {
    const root = await project({})
    await screen('nothing-to-prune', { root, args: ['ingest', 'prune', '--older-than', '30d'] })
    await sql(`create table raw.cart_events_p20200101 partition of raw.cart_events
      for values from ('2020-01-01 00:00:00+00') to ('2020-01-02 00:00:00+00')`)
    await screen('prune-without-archive', {
      root,
      args: ['ingest', 'prune', '--older-than', '30d'],
    })
  })
})
