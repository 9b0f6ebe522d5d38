import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TOPICS } from '../topics/registry.ts'
import type { TopicPlan } from './ingest-config.ts'
import type { ReadVariable } from './read-ingest.ts'
import { INGEST_FILE, readIngest } from './read-ingest.ts'

/**
 * Every topic whose events can be landed: those of gm, and those that ingest.yml declares where there is one.
 * @throws GmError GM7006
 */
export async function allPlans(
  root: string,
  variable: ReadVariable,
): Promise<ReadonlyMap<string, TopicPlan>> {
  const plans = new Map<string, TopicPlan>(
    TOPICS.map((topic) => [
      topic.name,
      {
        topic,
        start: 'earliest',
        onOutOfRange: 'stop',
        onRecreated: 'stop',
        key: undefined,
        partitions: undefined,
        reader: undefined,
      },
    ]),
  )
  if (!existsSync(join(root, INGEST_FILE))) return plans
  const { topics } = await readIngest(root, variable)
  return new Map([...plans, ...topics])
}
