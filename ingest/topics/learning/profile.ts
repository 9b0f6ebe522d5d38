import { text } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

export const profile = learningTopic(
  'PROFILE',
  'Changes of profiles, with the field and its old and new value.',
  { FIELD_UPDATE: ['field'], AVATAR_CHANGE: [] },
  { field: text.nullish(), old_value: text.nullish(), new_value: text.nullish() },
)
