import { GmError, gmErrorsOf } from '../../runner/base/error.ts'
import type { KafkaConnection } from '../config/ingest-config.ts'

/** What the client library says, with the brokers that it was said of; errors of gm's own stay as they are. */
export function kafkaError(error: unknown, { brokers }: KafkaConnection): unknown {
  if (gmErrorsOf(error) !== undefined || !(error instanceof Error)) return error
  return new GmError('GM7007', `Kafka at ${brokers.join(', ')}: ${error.message}`, {
    hint: 'Check brokers, tls and sasl in ingest.yml, and whether the brokers run.',
    cause: error,
  })
}
