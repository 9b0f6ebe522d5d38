import { GmError } from '../base/error.ts'
import type { Builtin, Call } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'
import { dateObject, dayObject, lengthObject, momentOf } from './date-object.ts'
import { textOf } from './text-of.ts'

/**
 * dbt's `modules`, as far as it can be had: dates, in UTC. Python's regular expressions and its time zones are refused where
 * they are called, with what to do instead.
 * @param now what now() gives: one moment for all templates of a run, so that they agree.
 */
export function modulesObject(now: Date): TemplateObject {
  const zone = new TemplateObject('timezone', { text: 'UTC' })
  return new TemplateObject('modules', {
    values: {
      datetime: new TemplateObject('module datetime', {
        values: {
          datetime: new TemplateObject('datetime class', {
            call: (call) => dateObject(momentOf(numbers('datetime', call, [...DAY, ...TIME])), ''),
            functions: {
              now: () => dateObject(now, ''),
              today: () => dateObject(now, ''),
              utcnow: () => dateObject(now, ''),
              fromisoformat: (call) => dateObject(fromIso(call), ''),
              strptime: (call) => dateObject(parseTime(call), ''),
            },
          }),
          date: new TemplateObject('date class', {
            call: (call) => dayObject(momentOf(numbers('date', call, DAY))),
            functions: {
              today: () => dayObject(now),
              fromisoformat: (call) => dayObject(fromIso(call)),
            },
          }),
          timezone: new TemplateObject('timezone class', { values: { utc: zone } }),
        },
        functions: { timedelta: (call) => lengthObject(lengthOf(call)) },
      }),
      pytz: new TemplateObject('module pytz', {
        values: { utc: zone, UTC: zone },
        functions: {
          timezone: (call) => {
            const name = textOf(callArguments('timezone', call, ['name'], 1)['name'])
            if (name.toUpperCase() === 'UTC') return zone
            throw refused(call, `modules.pytz.timezone('${name}')`, IN_SQL)
          },
        },
      }),
      re: refusing('re', ['match', 'search', 'fullmatch', 'sub', 'findall', 'split'], WITHOUT_RE),
      itertools: refusing('itertools', ['chain', 'product', 'combinations'], WITHOUT_ITERTOOLS),
    },
  })
}

const IN_SQL = "Moments of templates are in UTC. Convert in SQL: at time zone 'Europe/Paris'."
const WITHOUT_RE =
  'An expression can take for ever, and a template may not. Use startswith, endswith, replace, split and "in", or regexp_match in SQL.'
const WITHOUT_ITERTOOLS = 'Write loops inside each other, or add lists with "+".'

function refusing(module: string, names: readonly string[], hint: string): TemplateObject {
  const functions = names.map((name): [string, Builtin] => [
    name,
    (call) => {
      throw refused(call, `modules.${module}.${name}()`, hint)
    },
  ])
  return new TemplateObject(`module ${module}`, { functions: Object.fromEntries(functions) })
}

function refused({ at, calledFrom }: Call, what: string, hint: string): GmError {
  return new GmError('GM3005', `templates have no ${what}`, { at, calledFrom, hint })
}

const DAY = ['year', 'month', 'day']
const TIME = ['hour', 'minute', 'second']

function numbers(callee: string, call: Call, names: readonly string[]): readonly number[] {
  const given = callArguments(callee, call, names, DAY.length)
  return names.map((name) => Number(given[name] ?? 0))
}

const UNITS: Readonly<Record<string, number>> = {
  days: 86_400_000,
  seconds: 1000,
  microseconds: 0.001,
  milliseconds: 1,
  minutes: 60_000,
  hours: 3_600_000,
  weeks: 604_800_000,
}

function lengthOf(call: Call): number {
  const given = callArguments('timedelta', call, Object.keys(UNITS), 0)
  return Object.entries(given).reduce((sum, [unit, n]) => sum + Number(n) * (UNITS[unit] ?? 0), 0)
}

function fromIso(call: Call): Date {
  const text = textOf(callArguments('fromisoformat', call, ['text'], 1)['text'])
  const [, day, time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ]([\d:.]+))?(Z|[+-]\d{2}:\d{2})?$/.exec(text) ?? []
  const moment = new Date(`${day ?? ''}T${time}${zone}`)
  if (!Number.isNaN(moment.getTime())) return moment
  throw new GmError('GM3008', `"${text}" is no date as YYYY-MM-DD with a time as HH:MM:SS`)
}

/** What a directive of strptime reads. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  m: '(?<m>\\d{1,2})',
  d: '(?<d>\\d{1,2})',
  H: '(?<H>\\d{1,2})',
  M: '(?<M>\\d{1,2})',
  S: '(?<S>\\d{1,2})',
  f: '(?<f>\\d{1,6})',
  '%': '%',
}

function parseTime(call: Call): Date {
  const { text, format } = callArguments('strptime', call, ['text', 'format'], 2)
  const pattern = textOf(format).replace(/%(.)|[\\^$.*+?()[\]{}|]/g, (all, letter?: string) => {
    if (letter === undefined) return `\\${all}`
    const found = DIRECTIVES[letter]
    if (found !== undefined) return found
    throw new GmError('GM3008', `strptime() does not know "%${letter}"`, {
      hint: `It knows ${Object.keys(DIRECTIVES)
        .map((known) => `%${known}`)
        .join(' ')}.`,
    })
  })
  const found = new RegExp(`^${pattern}$`).exec(textOf(text))?.groups
  if (found === undefined) {
    throw new GmError('GM3008', `"${textOf(text)}" is not written as "${textOf(format)}"`)
  }
  const part = (name: string, none: number): number => Number(found[name] ?? none)
  const ms = Math.floor(Number((found['f'] ?? '').padEnd(6, '0')) / 1000)
  return momentOf(
    [part('Y', 1900), part('m', 1), part('d', 1), part('H', 0), part('M', 0), part('S', 0)],
    ms,
  )
}
