import { count, id } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

export const video = learningTopic(
  'VIDEO',
  'What students do with videos; WATCHED tells how many seconds since the last one. Times in seconds.',
  {
    PLAY: ['video_id'],
    PAUSE: ['video_id'],
    SEEK: ['video_id'],
    COMPLETE: ['video_id'],
    WATCHED: ['video_id', 'seconds'],
  },
  {
    video_id: id.nullish(),
    course_id: id.nullish(),
    seconds: count.nullish(),
    position: count.nullish(),
    duration: count.nullish(),
  },
)
