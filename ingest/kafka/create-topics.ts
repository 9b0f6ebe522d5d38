import { GmError } from '../../runner/base/error.ts'
import type { Broker } from './broker.ts'

/** A topic that was made. */
export interface CreatedTopic {
  readonly topic: string
  readonly partitions: number
}

/**
 * Makes the topics that the brokers do not have.
 * @param wanted with how many partitions, by name; undefined for a topic that has to be there
 * @throws GmError GM7008 for one that is not
 */
export async function createTopics(
  broker: Broker,
  wanted: ReadonlyMap<string, number | undefined>,
): Promise<readonly CreatedTopic[]> {
  const there = new Set(await broker.topicNames())
  const created: CreatedTopic[] = []
  for (const [topic, partitions] of wanted) {
    if (there.has(topic)) continue
    if (partitions === undefined) {
      const others = [...there].filter((other) => !other.startsWith('__'))
      throw new GmError('GM7008', `the brokers have no topic "${topic}"`, {
        hint: `Create it, or set partitions below it in ingest.yml and gm does. There are ${others.join(', ') || 'none yet'}.`,
      })
    }
    await broker.createTopic(topic, partitions)
    created.push({ topic, partitions })
  }
  return created
}
