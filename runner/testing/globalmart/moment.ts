// Time in the oracle: exact integers and plain text, UTC throughout.

/** Microseconds since 1970, the resolution of PostgreSQL. */
export type Moment = number

/** A UTC date, `2024-02-29`; as text it sorts like the time. */
export type Day = string

const DAY_MS = 86_400_000

/** What an open version's effective_to says. */
export const FOREVER: Moment = Date.UTC(9999, 11, 31) * 1000

const ISO =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2}))?(?:\.(\d+))?\s?(?:Z|([+-])(\d{2}):?(\d{2})?)?$/

/** Reads ISO 8601, UTC where no zone is named; undefined for anything else. */
export function readMoment(text: string): Moment | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, day = '', clock = '', second = '00', fraction = '', sign, hours, minutes] = match
  const wallMs = Date.parse(`${day}T${clock}:${second}Z`)
  // Date.parse takes 30 February for 1 March.
  if (Number.isNaN(wallMs) || dayOfMs(wallMs) !== day) return undefined
  const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0)
  const offsetMs = (sign === '-' ? -1 : 1) * offset * 60_000
  const digits = fraction.padEnd(7, '0')
  const micros = Number(digits.slice(0, 6)) + (Number(digits[6]) >= 5 ? 1 : 0)
  return (wallMs - offsetMs) * 1000 + micros
}

/** As PostgreSQL prints a timestamptz in UTC: `2010-12-01 08:26:00.5+00`. */
export function printMoment(moment: Moment): string {
  const seconds = Math.floor(moment / 1_000_000)
  const micros = moment - seconds * 1_000_000
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`
  const iso = new Date(seconds * 1000).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00`
}

export function dayOf(moment: Moment): Day {
  return dayOfMs(Math.floor(moment / 1000))
}

/** Its first moment. */
export function startOf(day: Day): Moment {
  return msOf(day) * 1000
}

/** The date as a key of dim_date: 20240229. */
export function dateId(day: Day): number {
  return Number(day.replaceAll('-', ''))
}

export function addDays(day: Day, days: number): Day {
  return dayOfMs(msOf(day) + days * DAY_MS)
}

export function daysBetween(from: Day, to: Day): number {
  return (msOf(to) - msOf(from)) / DAY_MS
}

/** 1 for Monday to 7 for Sunday, as ISO 8601 counts. */
export function weekday(day: Day): number {
  return new Date(msOf(day)).getUTCDay() || 7
}

export function monthStart(day: Day): Day {
  return `${day.slice(0, 7)}-01`
}

export function monthEnd(day: Day): Day {
  return addDays(monthStart(addDays(monthStart(day), 31)), -1)
}

function msOf(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`)
}

function dayOfMs(ms: number): Day {
  return new Date(ms).toISOString().slice(0, 10)
}
