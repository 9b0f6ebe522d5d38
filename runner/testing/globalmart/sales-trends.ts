import { divide, printUnits, sum } from './decimal.ts'
import { groupBy } from './group.ts'
import type { Day } from './moment.ts'
import { addDays, monthStart, weekday } from './moment.ts'
import type { Sale } from './stage-events.ts'
import type { Row } from './warehouse.ts'

interface PeriodType {
  readonly name: 'day' | 'week' | 'month'
  /** First day of the period in which a day lies. */
  readonly startOf: (day: Day) => Day
  /** First day of the adjacent period before. */
  readonly previous: (start: Day) => Day
  /** First day of the same period a year before. */
  readonly yearBefore: (start: Day) => Day
}

const yearEarlier = (day: Day): Day =>
  `${String(Number(day.slice(0, 4)) - 1).padStart(4, '0')}${day.slice(4)}`

const PERIOD_TYPES: readonly PeriodType[] = [
  {
    name: 'day',
    startOf: (day) => day,
    previous: (start) => addDays(start, -1),
    // 29 February has none: the text names a day that no calendar has, so nothing is found.
    yearBefore: yearEarlier,
  },
  {
    name: 'week',
    startOf: (day) => addDays(day, 1 - weekday(day)),
    previous: (start) => addDays(start, -7),
    // "ISO weeks: 364 days"
    yearBefore: (start) => addDays(start, -364),
  },
  {
    name: 'month',
    startOf: monthStart,
    previous: (start) => monthStart(addDays(start, -1)),
    yearBefore: yearEarlier,
  },
]

/** `sales_trends` up to as_of; "existing periods only". */
export function trendRows(sales: readonly Sale[], asOf: Day | null): Row[] {
  if (asOf === null) return []
  const counted = sales.filter((sale) => sale.day <= asOf)
  const byCountry = groupBy(counted, (sale) => sale.country ?? 'Unknown')
  return [...byCountry].flatMap(([country, own]) =>
    PERIOD_TYPES.flatMap((type) => periodRows(type, country, own)),
  )
}

function periodRows(type: PeriodType, country: string, sales: readonly Sale[]): Row[] {
  const periods = groupBy(sales, (sale) => type.startOf(sale.day))
  const revenues = new Map(
    [...periods].map(([start, own]) => [start, sum(own.map((sale) => sale.total))]),
  )
  return [...periods].map(([start, own]) => {
    const purchases = own.filter((sale) => sale.event_type === 'purchase')
    const revenue = revenues.get(start) ?? 0n
    const previous = revenues.get(type.previous(start))
    const yearBefore = revenues.get(type.yearBefore(start))
    return {
      period_type: type.name,
      period_start: start,
      country,
      revenue: printUnits(revenue, 2),
      orders: new Set(purchases.map((sale) => sale.transaction_id)).size,
      units: own.reduce((total, sale) => total + sale.quantity, 0),
      previous_revenue: previous === undefined ? null : printUnits(previous, 2),
      growth_rate: growth(revenue, previous),
      year_before_revenue: yearBefore === undefined ? null : printUnits(yearBefore, 2),
      growth_rate_year: growth(revenue, yearBefore),
    }
  })
}

/** "growth in percent (2 decimals) […], null where absent or zero" */
function growth(revenue: bigint, before: bigint | undefined): string | null {
  if (before === undefined || before === 0n) return null
  return printUnits(divide((revenue - before) * 10_000n, before), 2)
}
