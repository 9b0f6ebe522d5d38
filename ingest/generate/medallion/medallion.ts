import { SYSTEMS } from '../../topics/registry.ts'
import type { Message } from '../message.ts'
import type { GenerateOptions } from '../options.ts'
import { isUnheard, randomOf } from '../options.ts'
import { planVisits } from '../plan-visits.ts'
import type { System } from '../system.ts'
import { createBrowsing } from './plan-browsing.ts'

/** The shop of the medallion pipeline, as its pages report it. */
export const medallion: System = {
  topics: SYSTEMS.medallion,
  removable: {
    'raw-events': { required: ['event_type', 'timestamp'], optional: ['page_url', 'session_id'] },
    'page-views': {
      required: ['event_type', 'session_id', 'page_url', 'timestamp'],
      optional: ['duration_ms', 'referrer', 'country', 'device_type'],
    },
    purchases: {
      required: ['event_type', 'order_id', 'items', 'total_amount', 'timestamp'],
      optional: ['country', 'currency', 'payment_method', 'discount_amount'],
    },
    'user-sessions': {
      required: ['event_type', 'session_id', 'timestamp'],
      optional: ['country', 'device_type', 'traffic_source'],
    },
  },
  *messages(options: GenerateOptions, run: string): Generator<Message> {
    const random = randomOf(options)
    for (const { topic, type, atMs, order, userId, fields } of planVisits(
      options,
      random,
      createBrowsing(options, run, random),
    )) {
      if (isUnheard(options, atMs)) continue
      const text = JSON.stringify({
        event_id: `M${run}${order.toString(36).padStart(6, '0')}`,
        event_type: type,
        user_id: userId,
        ...fields,
        timestamp: new Date(atMs).toISOString(),
      })
      yield { topic, key: userId, atMs, text }
    }
  },
}
