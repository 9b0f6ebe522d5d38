/** A moment as PostgreSQL reads it whatever its settings, and in milliseconds for comparisons. */
export interface EventTime {
  /** `2010-12-01 08:26:00.5+00`; the digits of the second are those of the source. */
  readonly text: string
  readonly epochMs: number
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,12})?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/

/**
 * Reads ISO 8601 with a `T` or a blank: `2010-12-01T08:26:00.5Z`, `2010-12-01 08:26:00+01:00`. UTC
 * where no zone is named. Undefined for any other text and for what no calendar has (30 February).
 */
export function readEventTime(text: string): EventTime | undefined {
  const m = ISO.exec(text)
  if (m === null) return undefined
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = m
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const back = new Date(dayMs)
  const isReal =
    Number(year) >= 1000 &&
    back.getUTCMonth() === Number(month) - 1 &&
    back.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60
  if (!isReal) return undefined
  const offset = offsetMinutes(zone)
  if (offset === undefined) return undefined
  const wallMs = ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000
  return {
    text: `${year}-${month}-${day} ${hour}:${minute}:${second}${fraction}${zoneText(zone)}`,
    epochMs: dayMs + wallMs + Math.floor(Number(fraction) * 1000),
  }
}

function zoneText(zone: string): string {
  if (zone === 'Z') return '+00'
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', ''))
  // PostgreSQL refuses more than 15:59.
  if (hours > 15 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
