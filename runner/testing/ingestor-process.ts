// Started by tests as a process of its own, so that it can be killed and frozen: an ingestor over the ingest.yml of a folder.
// The file connection.json in it says where PostgreSQL is, and is read for every connection. One event a line on stdout.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { readIngest } from '../../ingest/config/read-ingest.ts'
import { Ingestor } from '../../ingest/kafka/ingestor.ts'
import { connectKafka } from '../../ingest/kafka/kafkajs-broker.ts'

const [, , root = '.', how = 'fenced'] = process.argv
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())

const config = await readIngest(root, () => undefined)
const broker = connectKafka(config.kafka, () => undefined)
const ingestor = new Ingestor({
  config,
  broker,
  connect: async () =>
    JSON.parse(await readFile(join(root, 'connection.json'), 'utf8')) as ClientConfig,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  signal: stopping.signal,
  isUnfenced: how === 'unfenced',
})
try {
  await ingestor.run()
  process.exitCode = 0
} catch (error) {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
} finally {
  await broker.close()
}
