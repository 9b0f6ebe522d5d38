import type { ClientConfig } from 'pg'
import { readIngest } from '../config/read-ingest.ts'
import { startHealthServer } from './health-server.ts'
import type { IngestEvent } from './ingest-event.ts'
import { Ingestor } from './ingestor.ts'
import { connectKafka } from './kafkajs-broker.ts'

export interface RunKafkaOptions {
  /** Folder of project.yml and ingest.yml. */
  readonly root: string
  /** Environment variables, those of `.env` included. */
  readonly variable: (name: string) => string | undefined
  /** Told of every secret in ingest.yml, before anything is logged. */
  readonly onSecret: (secret: string) => void
  /** Asked again for each connection to PostgreSQL. */
  readonly connect: () => Promise<ClientConfig>
  readonly onEvent: (event: IngestEvent) => void
  /** Ends when all that lay in the topics has landed. */
  readonly isOnce?: boolean | undefined
  readonly signal: AbortSignal
}

/**
 * Lands the topics of ingest.yml until the signal is aborted, or once what is there.
 * @throws GmError GM7006, GM7007, GM7008, GM7009, GM7010; before the first claim also what pg throws
 */
export async function runKafka(options: RunKafkaOptions): Promise<void> {
  const { root, variable, onSecret, onEvent } = options
  const config = await readIngest(root, variable)
  if (config.kafka.sasl !== undefined) onSecret(config.kafka.sasl.password)
  const broker = connectKafka(config.kafka, (level, message) => {
    if (level === 'warn') onEvent({ type: 'kafka', message })
  })
  const ingestor = new Ingestor({ ...options, config, broker })
  const health =
    config.health === undefined
      ? undefined
      : await startHealthServer(config.health, () => ingestor.status())
  try {
    if (health !== undefined) onEvent({ type: 'health', url: health.url })
    await ingestor.run()
  } finally {
    await health?.close()
    await broker.close()
  }
}
