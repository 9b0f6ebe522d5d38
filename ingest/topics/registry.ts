import { GmError } from '../../runner/base/error.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { cartEvents } from './cart-events.ts'
import { productViews } from './product-views.ts'
import type { Topic } from './topic.ts'
import { transactions } from './transactions.ts'

/** Every topic that can be landed. A new one is a file beside this one and a line here. */
export const TOPICS: readonly Topic[] = [transactions, productViews, cartEvents]

/** @throws GmError GM7001 when no topic has the name. */
export function findTopic(name: string): Topic {
  const topic = TOPICS.find((candidate) => candidate.name === name)
  if (topic !== undefined) return topic
  const names = TOPICS.map((candidate) => candidate.name)
  throw new GmError('GM7001', `There is no topic "${name}".`, {
    hint: didYouMean(name, names) ?? `The topics are ${names.join(', ')}.`,
  })
}
