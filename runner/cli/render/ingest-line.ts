import type { IngestEvent } from '../../../ingest/index.ts'
import { formatDuration, plural } from './format.ts'
import type { LogLevel } from './json-event.ts'

/** How loud an event of an ingestor is. */
export function ingestLevel(event: IngestEvent): LogLevel {
  switch (event.type) {
    case 'fenced':
    case 'gap':
    case 'retry':
    case 'kafka':
      return 'warn'
    default:
      return 'info'
  }
}

/** An event of an ingestor in words, one line without its time. */
export function ingestLine(event: IngestEvent): string {
  switch (event.type) {
    case 'standby':
      return `another ingestor of the group ${event.group} is at work; waiting to take over`
    case 'started':
      return `started ${event.id}: ${event.topics.join(', ')}`
    case 'health':
      return `health at ${event.url}`
    case 'topic-created':
      return `created the topic ${event.topic} with ${plural(event.partitions, 'partition')}`
    case 'claimed':
      return `claimed ${plural(event.partitions.length, 'partition')}: ${event.partitions.join(' ')}`
    case 'gap':
      return event.reason === 'recreated'
        ? `${event.topic}/${event.partition} was made anew: goes on at ${event.toOffset}, was at ${event.fromOffset}`
        : `${event.topic}/${event.partition} lost records ${event.fromOffset} to ${event.toOffset - 1} before they were landed`
    case 'landed':
      return event.topics
        .map(({ topic, rows, deadLetters, lag }) => {
          const perSecond = Math.round(rows / Math.max(event.durationMs / 1000, 0.001))
          const dead = deadLetters === 0 ? '' : `, ${plural(deadLetters, 'dead letter')}`
          return `${topic}: landed ${plural(rows, 'event')}${dead} (${perSecond} a second), ${lag} behind`
        })
        .join('; ')
    case 'fenced':
      return `another ingestor has claimed ${event.partitions.join(' ')}; nothing was written, claiming again`
    case 'retry':
      return `${event.what === 'kafka' ? 'Kafka' : 'PostgreSQL'}: ${event.message}; beginning again`
    case 'kafka':
      return `Kafka: ${event.message}`
    case 'stopped':
      return (
        `stopped: ${plural(event.rows, 'event')} and ${plural(event.deadLetters, 'dead letter')} in ` +
        `${plural(event.transactions, 'transaction')} of ${formatDuration(event.transactionMs / Math.max(1, event.transactions))} each`
      )
  }
}
