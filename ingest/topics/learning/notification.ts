import { id, text } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

const needed = ['notification_id']

export const notification = learningTopic(
  'NOTIFICATION',
  'Notifications from sending to clicking; user_id is who gets them.',
  { SENT: needed, DELIVERED: needed, OPENED: needed, CLICKED: needed, DISMISSED: needed },
  { notification_id: id.nullish(), notification_type: text.nullish(), channel: text.nullish() },
)
