import type { NonEmpty, Random } from '../random.ts'
import { between, fraction, hash, itemAt } from '../random.ts'

export interface Course {
  readonly id: string
  readonly teacherId: string
}

export interface Video {
  readonly id: string
  readonly durationSeconds: number
}

/** Every so many-th user teaches. */
const TEACHER_EVERY = 25
const VIDEOS = 12
const ASSIGNMENTS = 6
const QUIZZES = 4
const MATERIALS = 20

const VIDEO_LENGTH = 51
const ABILITY = 52

/** The platform's users and courses, from the seed and their numbers alone: any number of them costs no memory. */
export interface School {
  /** @param number from 0 */
  userId(number: number): string
  isTeacher(number: number): boolean
  /** How well a student does, 0 to 1. */
  ability(number: number): number
  pickCourse(random: Random): Course
  pickVideo(course: Course, random: Random): Video
  pickAssignment(course: Course, random: Random): string
  pickQuiz(course: Course, random: Random): string
  pickMaterial(course: Course, random: Random): string
}

export function createSchool(seed: number, users: number): School {
  const courses = Math.max(5, Math.min(400, Math.floor(users / 50)))
  const teachers = Math.max(1, Math.ceil(users / TEACHER_EVERY))
  const userId = (number: number): string => `L${String(number + 1).padStart(8, '0')}`
  const part = (course: Course, letter: string, number: number): string =>
    `${course.id}-${letter}${String(number).padStart(2, '0')}`
  return {
    userId,
    isTeacher: (number) => number % TEACHER_EVERY === 0,
    ability: (number) => fraction(hash(seed, ABILITY), number),
    pickCourse(random) {
      // Squared: the first courses are the popular ones.
      const number = Math.floor(random() ** 2 * courses)
      return {
        id: `C${String(number + 1).padStart(4, '0')}`,
        teacherId: userId((number % teachers) * TEACHER_EVERY),
      }
    },
    pickVideo(course, random) {
      const number = between(random, 1, VIDEOS)
      const share = fraction(hash(seed, VIDEO_LENGTH), Number(course.id.slice(1)) * 100 + number)
      return { id: part(course, 'V', number), durationSeconds: 240 + Math.floor(share * 1560) }
    },
    pickAssignment: (course, random) => part(course, 'A', between(random, 1, ASSIGNMENTS)),
    pickQuiz: (course, random) => part(course, 'Q', between(random, 1, QUIZZES)),
    pickMaterial: (course, random) => part(course, 'M', between(random, 1, MATERIALS)),
  }
}

const FIELDS: NonEmpty<string> = ['display_name', 'bio', 'city', 'language', 'timezone']
const CITIES: NonEmpty<string> = ['Lisbon', 'Oslo', 'Hanoi', 'Quito', 'Leeds', 'Kyoto']

/** A change of a profile: which field, and its values before and after. */
export function profileChange(random: Random): Readonly<Record<string, string>> {
  const field = itemAt(FIELDS, random())
  if (field === 'city') {
    return { field, old_value: itemAt(CITIES, random()), new_value: itemAt(CITIES, random()) }
  }
  const version = between(random, 1, 99)
  return { field, old_value: `${field} ${version}`, new_value: `${field} ${version + 1}` }
}

export const NOTIFICATION_TYPES: NonEmpty<string> = [
  'assignment_due',
  'grade_posted',
  'new_video',
  'course_news',
  'reminder',
]
export const CHANNELS: NonEmpty<string> = ['email', 'push', 'in_app']
export const DEVICES: NonEmpty<string> = ['mobile', 'desktop', 'tablet']
