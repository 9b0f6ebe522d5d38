import { divide, printUnits, sum } from './decimal.ts'
import { compare, groupBy } from './group.ts'
import type { Day } from './moment.ts'
import { addDays, daysBetween, monthEnd } from './moment.ts'
import type { Sale } from './stage-events.ts'
import type { Row } from './warehouse.ts'

/** One customer at the end of an analysis date. */
export interface RfmScore {
  readonly userId: string
  readonly recencyDays: number
  readonly frequency: number
  /** In 1/100. */
  readonly monetary: bigint
  readonly r: number
  readonly f: number
  readonly m: number
  readonly segment: string
}

/**
 * "Analysis dates are the closed month ends and as_of": from the first event's month on, in order.
 * "a month closes when as_of passes its last day", so one that ends on as_of is not closed.
 */
export function analysisDates(firstDay: Day | null, asOf: Day | null): Day[] {
  if (firstDay === null || asOf === null) return []
  const dates: Day[] = []
  for (let end = monthEnd(firstDay); end < asOf; end = monthEnd(addDays(end, 1))) dates.push(end)
  return [...dates, asOf]
}

/**
 * "users with at least one purchase; recency and frequency from purchases, monetary net of returns".
 * Guests are no users.
 */
export function rfmScores(sales: readonly Sale[], date: Day): RfmScore[] {
  const byUser = groupBy(
    sales.filter((sale) => sale.day <= date),
    (sale) => sale.user_id,
  )
  const customers: Omit<RfmScore, 'r' | 'f' | 'm' | 'segment'>[] = []
  for (const [userId, own] of byUser) {
    const purchases = own.filter((sale) => sale.event_type === 'purchase')
    const [first] = purchases
    if (userId === null || first === undefined) continue
    const lastDay = purchases.reduce((last, { day }) => (day > last ? day : last), first.day)
    customers.push({
      userId,
      recencyDays: daysBetween(lastDay, date),
      frequency: new Set(purchases.map((sale) => sale.transaction_id)).size,
      monetary: sum(own.map((sale) => sale.total)),
    })
  }
  // "quintiles 1–5, 5 is best; ntile(5), worst first, then user_id"
  customers.sort((a, b) => compare(a.userId, b.userId))
  const r = quintiles(customers, (a, b) => b.recencyDays - a.recencyDays)
  const f = quintiles(customers, (a, b) => a.frequency - b.frequency)
  const m = quintiles(customers, (a, b) => compare(a.monetary, b.monetary))
  return customers.map((customer) => {
    const score = {
      r: r.get(customer) ?? 0,
      f: f.get(customer) ?? 0,
      m: m.get(customer) ?? 0,
    }
    return { ...customer, ...score, segment: segmentOf(score.r * 100 + score.f * 10 + score.m) }
  })
}

/** `ntile(5)`: buckets of equal size, the first ones larger by one where it does not come out even. */
function quintiles<T>(sorted: readonly T[], order: (a: T, b: T) => number): Map<T, number> {
  const size = Math.floor(sorted.length / 5)
  const larger = sorted.length % 5
  const buckets = [1, 2, 3, 4, 5].flatMap((bucket) =>
    Array.from({ length: size + (bucket <= larger ? 1 : 0) }, () => bucket),
  )
  // The sort is stable, so equals stay in the order they come in.
  return new Map([...sorted].sort(order).map((item, i) => [item, buckets[i] ?? 0]))
}

/** The six segments, by their lowest rfm_score. */
const SEGMENTS = [
  [544, 'Champions'],
  [434, 'Loyal Customers'],
  [334, 'Potential Loyalists'],
  [244, 'At Risk'],
  [144, 'Need Attention'],
  [111, 'Lost Customers'],
] as const

function segmentOf(score: number): string {
  return SEGMENTS.find(([lowest]) => score >= lowest)?.[1] ?? 'none'
}

/** "History is kept: one row per analysis_date and user_id." */
export function rfmRows(scores: ReadonlyMap<Day, readonly RfmScore[]>): Row[] {
  return [...scores].flatMap(([date, customers]) =>
    customers.map((customer) => ({
      analysis_date: date,
      user_id: customer.userId,
      recency_days: customer.recencyDays,
      frequency_count: customer.frequency,
      monetary_value: printUnits(customer.monetary, 2),
      r_score: customer.r,
      f_score: customer.f,
      m_score: customer.m,
      rfm_score: `${customer.r}${customer.f}${customer.m}`,
      rfm_segment: customer.segment,
    })),
  )
}

/** `customer_segments`: "holds the latest analysis only", "always the six rows". */
export function segmentRows(asOf: Day | null, latest: readonly RfmScore[]): Row[] {
  return SEGMENTS.map(([, segment]) => {
    const own = latest.filter((customer) => customer.segment === segment)
    const count = BigInt(own.length)
    const revenue = sum(own.map((customer) => customer.monetary))
    const orders = BigInt(own.reduce((total, customer) => total + customer.frequency, 0))
    const days = BigInt(own.reduce((total, customer) => total + customer.recencyDays, 0))
    return {
      analysis_date: asOf,
      segment_name: segment,
      customer_count: own.length,
      total_revenue: printUnits(revenue, 2),
      total_orders: orders.toString(),
      // "avg_order_value (revenue / orders)"
      avg_order_value: ratio(revenue, orders),
      avg_customer_value: ratio(revenue, count),
      avg_recency_days: ratio(days * 100n, count),
    }
  })
}

/** Hundredths by a count, as numeric(18,2); null without anything to count. */
function ratio(hundredths: bigint, count: bigint): string | null {
  return count === 0n ? null : printUnits(divide(hundredths, count), 2)
}
