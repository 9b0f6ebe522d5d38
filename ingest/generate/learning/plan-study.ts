import type { GenerateOptions } from '../options.ts'
import { spanOf } from '../options.ts'
import { createPopularity } from '../popularity.ts'
import type { Random } from '../random.ts'
import { between, itemAt } from '../random.ts'
import type { VisitEvent, VisitLog } from '../visit-log.ts'
import { createVisitLog } from '../visit-log.ts'
import type { Course, School } from './school.ts'
import { CHANNELS, createSchool, DEVICES, NOTIFICATION_TYPES, profileChange } from './school.ts'

const AUTH = 'auth_topic'
const ASSESSMENT = 'assessment_topic'
const VIDEO = 'video_topic'
const COURSE = 'course_topic'
const PROFILE = 'profile_topic'
const NOTIFICATION = 'notification_topic'

const HOUR_S = 3_600
const DAY_S = 86_400

/**
 * Visits to the platform. Half of the users are there when the time begins, the others register in its course; a
 * visit is a login, some studying and, mostly, a logout. Grades and notifications come hours or days later.
 */
export function createStudies(
  options: GenerateOptions,
  run: string,
  random: Random,
): (atMs: number) => readonly VisitEvent[] {
  const { seed, users } = options
  const { startMs, endMs } = spanOf(options)
  const school = createSchool(seed, users)
  const pickUser = createPopularity(users, 0.4)
  let registered = Math.ceil(users / 2)
  // Visits of one hour are planned in any order, so who registers in it comes back in the next at the earliest.
  let settled = registered
  let hour = 0
  let order = 0
  let visits = 0
  const nextOrder = (): number => order++

  return (atMs) => {
    const hourNow = Math.floor(atMs / 3_600_000)
    if (hourNow > hour) {
      hour = hourNow
      settled = registered
    }
    const due = users * (0.5 + 0.5 * ((atMs - startMs) / (endMs - startMs)))
    const isNew = registered < Math.floor(due)
    const number = isNew ? registered++ : pickUser(random()) % settled
    const visit = `${run}${(visits++).toString(36).padStart(5, '0')}`
    const log = createVisitLog(atMs, school.userId(number), random, nextOrder)
    const sessionId = `V${visit}`
    const role = school.isTeacher(number) ? 'teacher' : 'student'
    if (isNew) {
      log.say(AUTH, 'REGISTER', { role })
      log.stay(30)
    }
    log.say(AUTH, 'LOGIN', { device: itemAt(DEVICES, random()) })
    log.say(AUTH, 'SESSION_START', { session_id: sessionId })
    if (role === 'teacher') teach(log, school, random)
    else study(log, school, random, visit, isNew, school.ability(number))
    log.stay(20)
    log.say(AUTH, 'SESSION_END', { session_id: sessionId })
    // Many close the window and never log out.
    if (random() < 0.6) log.say(AUTH, 'LOGOUT')
    return log.events
  }
}

function study(
  log: VisitLog,
  school: School,
  random: Random,
  visit: string,
  isNew: boolean,
  ability: number,
): void {
  const course = school.pickCourse(random)
  if (isNew || random() < 0.05) log.say(COURSE, 'ENROLL', { course_id: course.id })
  do {
    log.stay(30)
    const way = random()
    if (way < 0.4) watch(log, school, random, course)
    else if (way < 0.65) read(log, school, random, course)
    else if (way < 0.85) beAssessed(log, school, random, course, ability)
    else if (way < 0.9) changeProfile(log, random)
    else beNotified(log, random, visit)
  } while (random() < 0.6)
  if (random() < 0.01) log.say(COURSE, 'UNENROLL', { course_id: course.id })
}

function watch(log: VisitLog, school: School, random: Random, course: Course): void {
  const video = school.pickVideo(course, random)
  const of = { video_id: video.id, course_id: course.id, duration: video.durationSeconds }
  let position = 0
  log.say(VIDEO, 'PLAY', { ...of, position })
  // Most watch to the end or nearly; some give up early.
  const until = video.durationSeconds * Math.min(1, 0.15 + 1.1 * random())
  while (position < until) {
    const seconds = Math.min(log.stay(120), Math.ceil(until - position))
    position += seconds
    log.say(VIDEO, 'WATCHED', { ...of, seconds, position })
    const way = random()
    if (way < 0.1) {
      log.say(VIDEO, 'PAUSE', { ...of, position })
      log.stay(60)
      log.say(VIDEO, 'PLAY', { ...of, position })
    } else if (way < 0.18) {
      position = between(random, 0, video.durationSeconds)
      log.say(VIDEO, 'SEEK', { ...of, position })
    }
  }
  if (until >= video.durationSeconds) log.say(VIDEO, 'COMPLETE', { ...of, position })
}

function read(log: VisitLog, school: School, random: Random, course: Course): void {
  log.say(COURSE, 'PAGE_VIEW', { course_id: course.id })
  do {
    log.stay(40)
    const of = { course_id: course.id, material_id: school.pickMaterial(course, random) }
    log.say(COURSE, 'MATERIAL_ACCESS', of)
    if (random() < 0.3) log.say(COURSE, 'RESOURCE_DOWNLOAD', of)
  } while (random() < 0.5)
}

function beAssessed(
  log: VisitLog,
  school: School,
  random: Random,
  course: Course,
  ability: number,
): void {
  const mark = (most: number): number =>
    Math.round(most * Math.min(1, 0.25 + 0.5 * ability + 0.35 * random()))
  if (random() < 0.5) {
    const of = { course_id: course.id, quiz_id: school.pickQuiz(course, random) }
    log.say(ASSESSMENT, 'QUIZ_START', of)
    log.stay(400)
    if (random() < 0.9) {
      log.say(ASSESSMENT, 'QUIZ_SUBMIT', { ...of, score: mark(20), max_score: 20 })
    }
    return
  }
  const of = { course_id: course.id, assignment_id: school.pickAssignment(course, random) }
  log.say(ASSESSMENT, 'ASSIGNMENT_VIEW', of)
  log.stay(900)
  if (random() >= 0.6) return
  log.say(ASSESSMENT, 'ASSIGNMENT_SUBMIT', of)
  if (random() >= 0.8) return
  const student = log.events.at(-1)?.userId ?? ''
  log.sayLater(
    HOUR_S + random() * 4 * DAY_S,
    ASSESSMENT,
    'GRADE',
    {
      ...of,
      teacher_id: course.teacherId,
      student_id: student,
      score: mark(100),
      max_score: 100,
      submitted_at: platformTime(log.now()),
    },
    course.teacherId,
  )
}

function teach(log: VisitLog, school: School, random: Random): void {
  const course = school.pickCourse(random)
  do {
    log.stay(120)
    log.say(COURSE, 'PAGE_VIEW', { course_id: course.id })
  } while (random() < 0.5)
  if (random() < 0.1) changeProfile(log, random)
}

function changeProfile(log: VisitLog, random: Random): void {
  if (random() < 0.2) log.say(PROFILE, 'AVATAR_CHANGE')
  else log.say(PROFILE, 'FIELD_UPDATE', profileChange(random))
}

function beNotified(log: VisitLog, random: Random, visit: string): void {
  const of = {
    notification_id: `N${visit}-${log.events.length}`,
    notification_type: itemAt(NOTIFICATION_TYPES, random()),
    channel: itemAt(CHANNELS, random()),
  }
  log.say(NOTIFICATION, 'SENT', of)
  if (random() >= 0.96) return
  log.sayLater(1 + random() * 20, NOTIFICATION, 'DELIVERED', of)
  const way = random()
  if (way < 0.5) log.sayLater(30 + random() * DAY_S, NOTIFICATION, 'OPENED', of)
  if (way < 0.2) log.sayLater(DAY_S + 60 + random() * HOUR_S, NOTIFICATION, 'CLICKED', of)
  else if (way > 0.7) log.sayLater(60 + random() * DAY_S, NOTIFICATION, 'DISMISSED', of)
}

/** As the platform writes times: UTC, without saying so. */
export function platformTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
}
