import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { describe, expect, inject } from 'vitest'
import { eventText, hasKafka, hasLeaders, test } from '../../runner/testing/kafka-fixture.ts'
import { startBroker } from '../broker/start-broker.ts'

const PASSWORD = 'open-sesame'
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule'

describe.runIf(hasKafka())('a broker that asks for TLS and a login', () => {
  test('is read with PLAIN and with SCRAM; a wrong password and an unknown certificate are refused in words', {
    timeout: 90_000,
  }, async ({ kafka, ingest, ingestYml, until }) => {
    const folder = await mkdtemp(join(tmpdir(), 'gm-tls-'))
    const [key, cert, both] = ['key.pem', 'cert.pem', 'both.pem'].map((name) => join(folder, name))
    execFileSync(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout ${key ?? ''} -out ${cert ?? ''}`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    )
    await writeFile(
      both ?? '',
      (await readFile(key ?? '', 'utf8')) + (await readFile(cert ?? '', 'utf8')),
    )
    const broker = await startBroker({
      jars: inject('kafka')?.jars ?? '',
      folder: join(folder, 'broker'),
      settings: {
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.client.plain.sasl.jaas.config': `${PLAIN} required username="gm" password="${PASSWORD}" user_gm="${PASSWORD}";`,
        'listener.name.client.scram-sha-256.sasl.jaas.config': `${SCRAM} required;`,
        'listener.name.client.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': both ?? '',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': cert ?? '',
        'ssl.client.auth': 'none',
      },
      scram: ['256', '512'].map((bits) => `SCRAM-SHA-${bits}=[name=gm,password=${PASSWORD}]`),
    })
    const ca = await readFile(cert ?? '', 'utf8')
    const client = new kafkajs.Kafka({
      brokers: [broker.address],
      ssl: { ca },
      sasl: { mechanism: 'plain', username: 'gm', password: PASSWORD },
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const producer = client.producer()
    const admin = client.admin()
    try {
      await Promise.all([producer.connect(), admin.connect()])
      const topic = await kafka.topic(1)
      const topics = [{ topic: topic.name, numPartitions: 1 }]
      await admin.createTopics({ topics, waitForLeaders: false })
      while (!(await hasLeaders(admin, topic.name, 1))) await sleep(20)
      const start = async (mechanism: string, password: string, tls: string) => {
        const lines = `tls: ${tls}\nsasl: { mechanism: ${mechanism}, username: gm, password: ${password} }\n`
        const root = await ingestYml([topic], lines)
        const file = join(root, 'ingest.yml')
        const text = await readFile(file, 'utf8')
        await writeFile(file, text.replace(kafka.address, broker.address))
        await writeFile(join(root, 'ca.pem'), ca)
        return ingest(root)
      }
      const withCa = '{ ca_file: ca.pem }'
      for (const [i, mechanism] of ['plain', 'scram-sha-256', 'scram-sha-512'].entries()) {
        const ingestor = await start(mechanism, PASSWORD, withCa)
        await producer.send({ topic: topic.name, messages: [{ value: eventText(i) }] })
        await until(`select count(*) = ${i + 1} from ${topic.table}`)
        await ingestor.stop()
      }
      const wrong = await start('scram-sha-512', 'wrong-word', withCa)
      const refusal = await wrong.ended.catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'GM7007' })
      expect(String(refusal)).not.toContain('wrong-word')
      const strange = await start('plain', PASSWORD, 'true')
      await expect(strange.ended).rejects.toMatchObject({
        code: 'GM7007',
        message: expect.stringMatching(/certificate/i) as string,
      })
    } finally {
      await Promise.all([producer.disconnect(), admin.disconnect()]).catch(() => undefined)
      await broker.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  })
})
