import { GmError } from '../base/error.ts'
import type { Builtin, Call } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS =
  'January February March April May June July August September October November December'.split(' ')

/** The moments and the lengths of time (in ms) that objects of templates stand for. */
const MOMENTS = new WeakMap<TemplateObject, Date>()
const LENGTHS = new WeakMap<TemplateObject, number>()

/**
 * A moment in UTC with the members of Python's datetime that templates use: strftime, isoformat, date, year … second.
 * @param zone what its text ends with; nothing for those that Python gives no time zone.
 */
export function dateObject(moment: Date, zone: '' | '+00:00' = '+00:00'): TemplateObject {
  const iso = moment.toISOString()
  // Python writes six digits of a second, or none.
  const fraction = moment.getUTCMilliseconds() === 0 ? '' : `${iso.slice(19, 23)}000`
  const text = `${iso.slice(0, 19)}${fraction}${zone}`
  const make = (other: Date): TemplateObject => dateObject(other, zone)
  const object: TemplateObject = new TemplateObject('datetime', {
    text: text.replace('T', ' '),
    values: {
      ...partsOfDay(moment),
      hour: moment.getUTCHours(),
      minute: moment.getUTCMinutes(),
      second: moment.getUTCSeconds(),
    },
    functions: {
      ...common(moment),
      isoformat: () => text,
      timestamp: () => moment.getTime() / 1000,
      date: () => dayObject(moment),
      replace: (call) => make(replaced(moment, call, [...DAY_PARTS, ...TIME_PARTS])),
    },
    plus: (other, sign) => moved(moment, other, sign, make),
  })
  MOMENTS.set(object, moment)
  return object
}

/** The day of a moment, as Python's date. */
export function dayObject(moment: Date): TemplateObject {
  const day = new Date(moment)
  day.setUTCHours(0, 0, 0, 0)
  const text = day.toISOString().slice(0, 10)
  const object: TemplateObject = new TemplateObject('date', {
    text,
    values: partsOfDay(day),
    functions: {
      ...common(day),
      isoformat: () => text,
      replace: (call) => dayObject(replaced(day, call, DAY_PARTS)),
    },
    plus: (other, sign) => moved(day, other, sign, dayObject),
  })
  MOMENTS.set(object, day)
  return object
}

/** A length of time, as Python's timedelta. */
export function lengthObject(ms: number): TemplateObject {
  const object: TemplateObject = new TemplateObject('timedelta', {
    values: { days: Math.floor(ms / DAY_MS), seconds: Math.floor((ms / 1000) % 86_400) },
    functions: { total_seconds: () => ms / 1000 },
    plus: (other, sign) => {
      const more = LENGTHS.get(other)
      const moment = MOMENTS.get(other)
      if (more !== undefined) return lengthObject(ms + sign * more)
      return moment !== undefined && sign === 1 ? other.plus?.(object, 1) : undefined
    },
  })
  LENGTHS.set(object, ms)
  return object
}

const DAY_MS = 86_400_000

function moved(
  moment: Date,
  other: TemplateObject,
  sign: 1 | -1,
  make: (moment: Date) => TemplateObject,
): TemplateObject | undefined {
  const length = LENGTHS.get(other)
  if (length !== undefined) return make(new Date(moment.getTime() + sign * length))
  const earlier = MOMENTS.get(other)
  if (earlier === undefined || sign === 1) return undefined
  return lengthObject(moment.getTime() - earlier.getTime())
}

function partsOfDay(moment: Date): Readonly<Record<string, number>> {
  return {
    year: moment.getUTCFullYear(),
    month: moment.getUTCMonth() + 1,
    day: moment.getUTCDate(),
  }
}

function common(moment: Date): Readonly<Record<string, Builtin>> {
  return {
    weekday: () => (moment.getUTCDay() + 6) % 7,
    isoweekday: () => moment.getUTCDay() || 7,
    strftime: (call) => strftime(moment, callArguments('strftime', call, ['format'], 1)['format']),
  }
}

const DAY_PARTS = ['year', 'month', 'day'] as const
const TIME_PARTS = ['hour', 'minute', 'second'] as const

/** A moment with some parts in place of its own. @throws GmError GM2008, GM3008 for a day that there is not. */
function replaced(moment: Date, call: Call, names: readonly string[]): Date {
  const given = callArguments('replace', call, names, 0)
  const part = (name: string, own: number): number =>
    given[name] === undefined ? own : Number(given[name])
  return momentOf(
    [
      part('year', moment.getUTCFullYear()),
      part('month', moment.getUTCMonth() + 1),
      part('day', moment.getUTCDate()),
      part('hour', moment.getUTCHours()),
      part('minute', moment.getUTCMinutes()),
      part('second', moment.getUTCSeconds()),
    ],
    moment.getUTCMilliseconds(),
  )
}

/** A moment of its year, month, day, hour, minute and second. @throws GmError GM3008 where there is none such. */
export function momentOf(parts: readonly number[], ms = 0): Date {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
  const moment = new Date(Date.UTC(year, month - 1, day, hour, minute, second, ms))
  const isSame =
    moment.getUTCFullYear() === year &&
    moment.getUTCMonth() === month - 1 &&
    moment.getUTCDate() === day &&
    moment.getUTCHours() === hour &&
    moment.getUTCMinutes() === minute &&
    moment.getUTCSeconds() === second
  if (isSame) return moment
  throw new GmError('GM3008', `there is no such moment: ${parts.join(', ')}`)
}

/** @throws GmError GM3008 for a directive that gm does not know. */
function strftime(moment: Date, format: unknown): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const hour = moment.getUTCHours()
  const directives: Readonly<Record<string, string>> = {
    Y: String(moment.getUTCFullYear()),
    y: two(moment.getUTCFullYear() % 100),
    m: two(moment.getUTCMonth() + 1),
    d: two(moment.getUTCDate()),
    H: two(hour),
    I: two(hour % 12 === 0 ? 12 : hour % 12),
    M: two(moment.getUTCMinutes()),
    S: two(moment.getUTCSeconds()),
    f: `${String(moment.getUTCMilliseconds()).padStart(3, '0')}000`,
    p: hour < 12 ? 'AM' : 'PM',
    j: String(dayOfYear(moment)).padStart(3, '0'),
    w: String(moment.getUTCDay()),
    A: DAYS[moment.getUTCDay()] ?? '',
    a: (DAYS[moment.getUTCDay()] ?? '').slice(0, 3),
    B: MONTHS[moment.getUTCMonth()] ?? '',
    b: (MONTHS[moment.getUTCMonth()] ?? '').slice(0, 3),
    F: moment.toISOString().slice(0, 10),
    T: moment.toISOString().slice(11, 19),
    z: '+0000',
    Z: 'UTC',
    '%': '%',
  }
  return String(format).replace(/%(.)/g, (_all, letter: string) => {
    const value = directives[letter]
    if (value !== undefined) return value
    throw new GmError('GM3008', `strftime() does not know "%${letter}"`, {
      hint: `It knows ${Object.keys(directives)
        .map((known) => `%${known}`)
        .join(' ')}.`,
    })
  })
}

function dayOfYear(moment: Date): number {
  return Math.floor((moment.getTime() - Date.UTC(moment.getUTCFullYear(), 0, 1)) / 86_400_000) + 1
}
