import * as z from 'zod'
import { id, text } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

export const auth = learningTopic(
  'AUTH',
  'Logins, sessions and registrations of students and teachers.',
  {
    LOGIN: [],
    LOGOUT: [],
    SESSION_START: ['session_id'],
    SESSION_END: ['session_id'],
    REGISTER: ['role'],
  },
  {
    session_id: id.nullish(),
    role: z.enum(['student', 'teacher']).nullish(),
    device: text.nullish(),
  },
)
