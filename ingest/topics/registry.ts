import { GmError } from '../../runner/base/error.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { cartEvents } from './globalmart/cart-events.ts'
import { productViews } from './globalmart/product-views.ts'
import { transactions } from './globalmart/transactions.ts'
import { assessment } from './learning/assessment.ts'
import { auth } from './learning/auth.ts'
import { course } from './learning/course.ts'
import { notification } from './learning/notification.ts'
import { profile } from './learning/profile.ts'
import { video } from './learning/video.ts'
import { pageViews } from './medallion/page-views.ts'
import { purchases } from './medallion/purchases.ts'
import { rawEvents } from './medallion/raw-events.ts'
import { userSessions } from './medallion/user-sessions.ts'
import type { Topic } from './topic.ts'

/** Every topic that can be landed, by the system that it belongs to. A new one is a file and a line here. */
export const SYSTEMS = {
  globalmart: [transactions, productViews, cartEvents],
  medallion: [rawEvents, pageViews, purchases, userSessions],
  learning: [auth, assessment, video, course, profile, notification],
} as const satisfies Readonly<Record<string, readonly Topic[]>>

export const TOPICS: readonly Topic[] = Object.values(SYSTEMS).flat()

/** @throws GmError GM7001 when no topic has the name. */
export function findTopic(name: string): Topic {
  const topic = TOPICS.find((candidate) => candidate.name === name)
  if (topic !== undefined) return topic
  const names = TOPICS.map((candidate) => candidate.name)
  throw new GmError('GM7001', `There is no topic "${name}".`, {
    hint: didYouMean(name, names) ?? `The topics are ${names.join(', ')}.`,
  })
}
