import { id } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

export const course = learningTopic(
  'COURSE',
  'Enrolments, and what students open and download in courses.',
  {
    ENROLL: ['course_id'],
    UNENROLL: ['course_id'],
    MATERIAL_ACCESS: ['course_id', 'material_id'],
    RESOURCE_DOWNLOAD: ['course_id', 'material_id'],
    PAGE_VIEW: ['course_id'],
  },
  { course_id: id.nullish(), material_id: id.nullish() },
)
