import { SYSTEMS } from '../../topics/registry.ts'
import type { Message } from '../message.ts'
import type { GenerateOptions } from '../options.ts'
import { isUnheard, randomOf } from '../options.ts'
import { planVisits } from '../plan-visits.ts'
import type { NonEmpty } from '../random.ts'
import type { System } from '../system.ts'
import { createStudies, platformTime } from './plan-study.ts'

const ENVELOPE: NonEmpty<string> = ['event_type', 'user_id', 'timestamp']

/** The learning platform: students who log in, watch, read, hand in and are graded. */
export const learning: System = {
  topics: SYSTEMS.learning,
  removable: {
    auth_topic: { required: ENVELOPE, optional: ['device'] },
    assessment_topic: { required: ENVELOPE, optional: ['course_id'] },
    video_topic: { required: ENVELOPE, optional: ['course_id', 'position'] },
    course_topic: { required: [...ENVELOPE, 'course_id'], optional: [] },
    profile_topic: { required: ENVELOPE, optional: ['old_value', 'new_value'] },
    notification_topic: { required: ENVELOPE, optional: ['channel', 'notification_type'] },
  },
  *messages(options: GenerateOptions, run: string): Generator<Message> {
    const random = randomOf(options)
    for (const { topic, type, atMs, order, userId, fields } of planVisits(
      options,
      random,
      createStudies(options, run, random),
    )) {
      if (isUnheard(options, atMs)) continue
      const text = JSON.stringify({
        event_id: `L${run}${order.toString(36).padStart(6, '0')}`,
        event_category: topic.slice(0, -'_topic'.length).toUpperCase(),
        event_type: type,
        user_id: userId,
        ...fields,
        timestamp: platformTime(atMs),
      })
      yield { topic, key: userId, atMs, text }
    }
  },
}
