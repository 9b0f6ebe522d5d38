import type { TopicPartition } from './broker.ts'

/** `orders/3`, for maps and messages; a topic's name holds no slash. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
