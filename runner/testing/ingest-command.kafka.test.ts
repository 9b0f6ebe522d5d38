import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { databaseUrl, gm, startGm } from './gm.ts'
import { eventText, hasKafka, test } from './kafka-fixture.ts'

describe.runIf(hasKafka())('gm ingest kafka', () => {
  test('--once lands what is there and ends; dead letters are listed, shown and replayed by hand', async ({
    kafka,
    sql,
    connection,
    ingestYml,
  }) => {
    const env = databaseUrl(connection)
    const topic = await kafka.topic(2)
    const root = await ingestYml([topic])
    const values = [
      ...Array.from({ length: 50 }, (_, n) => eventText(n)),
      '{"half": ',
      eventText(50, { n: 'x' }),
    ]
    await kafka.producer.send({ topic: topic.name, messages: values.map((value) => ({ value })) })
    const { stdout } = await gm(root, ['ingest', 'kafka', '--once'], env)
    expect(stdout).toContain(`${topic.name}: landed 50 events, 2 dead letters`)
    expect(await sql(`select count(*)::int as n from ${topic.table}`)).toEqual([{ n: 50 }])
    // Again: it proves by the last landed record that the topic is the same, and adds nothing.
    await gm(root, ['ingest', 'kafka', '--once'], env)
    expect(await sql(`select count(*)::int as n from ${topic.table}`)).toEqual([{ n: 50 }])

    const list = await gm(root, ['ingest', 'dead-letters', 'list', '--reason', 'bad_json'], env)
    expect(list.stdout).toContain('bad_json')
    expect(list.stdout).not.toContain('schema_violation')
    const [{ id } = { id: '' }] = await sql<{ id: string }>(
      `select id::text from raw.dead_letters where reason = 'schema_violation'`,
    )
    const shown = await gm(root, ['ingest', 'dead-letters', 'show', id], env)
    expect(shown.stdout).toContain(eventText(50, { n: 'x' }))

    // The declaration was too strict: with another one the event is sound.
    const file = join(root, 'ingest.yml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('n: integer', 'n: text'))
    const replay = await gm(root, ['ingest', 'dead-letters', 'replay'], env, 1)
    expect(replay.stdout).toContain('Landed 1 dead letter; 1 record cannot be landed still.')
    expect(await sql(`select count(*)::int as n from ${topic.table}`)).toEqual([{ n: 51 }])
  })

  test('tells its health and its lag while it runs, and ends at SIGTERM with what it has landed', async ({
    kafka,
    sql,
    connection,
    ingestYml,
    until,
  }) => {
    const topic = await kafka.topic(2)
    const root = await ingestYml([topic], 'health: { port: 0 }\n')
    const running = startGm(
      root,
      ['ingest', 'kafka', '--log-format', 'json'],
      databaseUrl(connection),
    )
    let said = ''
    running.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    try {
      await kafka.producer.send({
        topic: topic.name,
        messages: Array.from({ length: 10 }, (_, n) => ({ value: eventText(n) })),
      })
      await until(
        `select sum(landed_offset) = 10 and sum(lag_records) = 0 and max(lag_seconds) = 0 from raw.kafka_lag`,
      )
      const url = /"url":"([^"]+)"/.exec(said)?.[1] ?? ''
      for (let i = 0; ; i++) {
        const answer = await fetch(url)
        const health = (await answer.json()) as {
          state: string
          rows: number
          partitions: unknown[]
        }
        if (health.rows === 10) {
          expect([answer.status, health.state, health.partitions.length]).toEqual([
            200,
            'running',
            2,
          ])
          break
        }
        if (i > 100) throw new Error(JSON.stringify(health))
        await sleep(50)
      }
      expect((await fetch(url.replace('/health', '/other'))).status).toBe(404)
    } finally {
      running.child.kill('SIGTERM')
    }
    const ended = await running.ended
    expect(ended.status).toBe(0)
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; rows?: number })
    expect(events.at(-1)).toMatchObject({ type: 'stopped', rows: 10, level: 'info' })
    expect(
      await sql(`select state, rows::int, dead_letters::int from raw.kafka_ingestors`),
    ).toEqual([{ state: 'stopped', rows: 10, dead_letters: 0 }])
  })

  test('a topic that is missing is refused in words, and made where ingest.yml says with how many partitions', async ({
    kafka,
    connection,
    ingestYml,
  }) => {
    const env = databaseUrl(connection)
    const topic = await kafka.topic(1)
    const renamed = topic.yml.replace(topic.name, `${topic.name}-new`)
    const missing = await ingestYml([{ ...topic, yml: renamed }])
    const { stderr } = await gm(missing, ['ingest', 'kafka', '--once'], env, 2)
    expect(stderr).toContain(`GM7008  the brokers have no topic "${topic.name}-new"`)
    const made = await ingestYml([{ ...topic, yml: `${renamed}    partitions: 5\n` }])
    const { stdout } = await gm(made, ['ingest', 'kafka', '--once'], env)
    expect(stdout).toContain(`created the topic ${topic.name}-new with 5 partitions`)
    await kafka.admin.deleteTopics({ topics: [`${topic.name}-new`] })
  })
})
