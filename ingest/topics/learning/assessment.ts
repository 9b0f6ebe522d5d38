import { amount, id, moment, positiveAmount } from '../fields.ts'
import { learningTopic } from './learning-topic.ts'

export const assessment = learningTopic(
  'ASSESSMENT',
  'Assignments, quizzes and grades; a GRADE is by its teacher, of a student.',
  {
    ASSIGNMENT_VIEW: ['assignment_id'],
    ASSIGNMENT_SUBMIT: ['assignment_id'],
    QUIZ_START: ['quiz_id'],
    QUIZ_SUBMIT: ['quiz_id', 'score', 'max_score'],
    GRADE: ['teacher_id', 'assignment_id', 'student_id', 'score', 'max_score', 'submitted_at'],
  },
  {
    course_id: id.nullish(),
    assignment_id: id.nullish(),
    quiz_id: id.nullish(),
    teacher_id: id.nullish(),
    student_id: id.nullish(),
    score: amount.nullish(),
    max_score: positiveAmount.nullish(),
    submitted_at: moment.nullish(),
  },
)
