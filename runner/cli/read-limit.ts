import { load as parseYaml } from 'js-yaml'
import * as z from 'zod'
import type { ReadLimit } from '../plan/plan-request.ts'

const UNITS = { hour: 3_600_000, day: 86_400_000 } as const

const span = z.strictObject({ start: z.string(), end: z.string() })

/** What the flags leave out of models' inputs; undefined for nothing. @param now what a length of time counts back from. */
export function readLimit(
  flags: { readonly empty: boolean; readonly sample?: string | undefined },
  now: Date,
): ReadLimit | undefined {
  if (flags.empty) return {}
  const window = flags.sample === undefined ? undefined : windowOf(flags.sample)?.(now)
  return window === undefined ? undefined : { window }
}

/** `--sample`: a length of time up to now, such as `3 days`, or `{start: 2026-01-01, end: 2026-01-08}` in UTC. */
export const sample = z.string().refine((text) => windowOf(text) !== undefined, {
  error: ({ input }) =>
    `is a length of time such as "3 days", or "{start: '2026-01-01', end: '2026-01-08'}", not "${String(input)}"`,
})

function windowOf(text: string): WindowAt | undefined {
  return relative(text) ?? fixed(text)
}

type WindowAt = (now: Date) => NonNullable<ReadLimit['window']>

function relative(text: string): WindowAt | undefined {
  const [, digits, unit] = /^\s*(\d+)\s+(hour|day|month|year)s?\s*$/i.exec(text) ?? []
  if (digits === undefined || unit === undefined) return undefined
  const count = Number(digits)
  return (end) => {
    const start = new Date(end)
    switch (unit.toLowerCase()) {
      case 'month':
        return { start: monthsBefore(end, count), end }
      case 'year':
        return { start: monthsBefore(end, count * 12), end }
      case 'hour':
        start.setTime(end.getTime() - count * UNITS.hour)
        return { start, end }
      default:
        start.setTime(end.getTime() - count * UNITS.day)
        return { start, end }
    }
  }
}

/** The same day of an earlier month, or its last day where it is shorter. */
function monthsBefore(moment: Date, count: number): Date {
  const start = new Date(moment)
  start.setUTCMonth(start.getUTCMonth() - count)
  if (start.getUTCDate() !== moment.getUTCDate()) start.setUTCDate(0)
  return start
}

function fixed(text: string): WindowAt | undefined {
  let value: unknown
  try {
    value = parseYaml(text)
  } catch {
    return undefined
  }
  const parsed = span.safeParse(value)
  if (!parsed.success) return undefined
  const [start, end] = [parsed.data.start, parsed.data.end].map(momentOf)
  if (start === undefined || end === undefined || start >= end) return undefined
  return () => ({ start, end })
}

/** UTC where no offset is written. */
function momentOf(text: string): Date | undefined {
  const [, day, time = '00:00:00', offset = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:?\d{2})?$/.exec(
      text.trim(),
    ) ?? []
  const moment = new Date(`${day ?? ''}T${time}${offset}`)
  return Number.isNaN(moment.getTime()) ? undefined : moment
}
