import { GmError } from '../base/error.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS =
  'January February March April May June July August September October November December'.split(' ')

/** A moment in UTC with the members of Python's datetime that templates use: strftime, isoformat, date, year … second. */
export function dateObject(moment: Date): TemplateObject {
  return new TemplateObject('datetime', {
    text: moment
      .toISOString()
      .replace('T', ' ')
      .replace(/\.?0*Z$/, '+00:00'),
    values: {
      year: moment.getUTCFullYear(),
      month: moment.getUTCMonth() + 1,
      day: moment.getUTCDate(),
      hour: moment.getUTCHours(),
      minute: moment.getUTCMinutes(),
      second: moment.getUTCSeconds(),
    },
    functions: {
      isoformat: () => moment.toISOString().replace('Z', '+00:00'),
      timestamp: () => moment.getTime() / 1000,
      weekday: () => (moment.getUTCDay() + 6) % 7,
      date: () =>
        new TemplateObject('date', {
          text: moment.toISOString().slice(0, 10),
          functions: {
            isoformat: () => moment.toISOString().slice(0, 10),
            strftime: (call) =>
              strftime(moment, callArguments('strftime', call, ['format'], 1)['format']),
          },
        }),
      strftime: (call) =>
        strftime(moment, callArguments('strftime', call, ['format'], 1)['format']),
    },
  })
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
