import { divide, printUnits, sum } from './decimal.ts'
import { compare, groupBy } from './group.ts'
import type { Version } from './history.ts'
import { interval, versionsOf } from './history.ts'
import type { Day, Moment } from './moment.ts'
import { addDays, dateId, dayOf, daysBetween, monthEnd, startOf, weekday } from './moment.ts'
import type { RfmScore } from './rfm.ts'
import type { Sale, StagedEvents } from './stage-events.ts'
import type { Row } from './warehouse.ts'

const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
const WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')

export interface Calendar {
  readonly from: Day
  readonly to: Day
  /** 1 to 12. */
  readonly fiscalYearStartMonth: number
  /** 1 for Monday to 7 for Sunday. */
  readonly weekendDays: readonly number[]
}

/** `dim_date`: static, every day from one bound to the other. */
export function dateRows({ from, to, fiscalYearStartMonth, weekendDays }: Calendar): Row[] {
  const rows: Row[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const [year = 0, month = 0, dayOfMonth = 0] = day.split('-').map(Number)
    // An ISO week belongs to the year of its Thursday, and the first is that of the first Thursday.
    const thursday = addDays(day, 4 - weekday(day))
    const isoYear = Number(thursday.slice(0, 4))
    const fiscalMonth = ((month - fiscalYearStartMonth + 12) % 12) + 1
    rows.push({
      date_id: dateId(day),
      date: day,
      year,
      quarter: Math.ceil(month / 3),
      month,
      month_name: MONTHS[month - 1] ?? '',
      iso_year: isoYear,
      week: Math.floor(daysBetween(`${isoYear}-01-01`, thursday) / 7) + 1,
      day_of_month: dayOfMonth,
      day_of_week: weekday(day),
      day_name: WEEKDAYS[weekday(day) - 1] ?? '',
      is_weekend: weekendDays.includes(weekday(day)),
      is_month_end: day === monthEnd(day),
      // Named by the calendar year in which its last month lies.
      fiscal_year: month + 12 - fiscalMonth > 12 ? year + 1 : year,
      fiscal_quarter: Math.ceil(fiscalMonth / 3),
      fiscal_month: fiscalMonth,
    })
  }
  return rows
}

/** A row of a seed: from `valid_from` on these attributes hold. */
export interface SeedRow<A> {
  readonly id: string
  readonly validFrom: Moment
  readonly attributes: A
}

/** Region and currency. */
export type CountryAttributes = readonly [string | null, string | null]
/** The parent category. */
export type CategoryAttributes = readonly [string | null]

/**
 * "Geography and category come from seeds with a `valid_from` […]; a country or category that only
 * events name gets a version with nulls": from the first time that any of them names it.
 */
function seededVersions<A extends readonly (string | null)[]>(
  seed: readonly SeedRow<A>[],
  named: Iterable<readonly [name: string | null, time: Moment]>,
  unknown: A,
): Version<A>[] {
  const seeded = groupBy(seed, (row) => row.id)
  const firstNamed = new Map<string, Moment>()
  for (const [name, time] of named) {
    if (name === null || seeded.has(name)) continue
    firstNamed.set(name, Math.min(time, firstNamed.get(name) ?? time))
  }
  return [
    ...[...seeded].flatMap(([id, rows]) =>
      versionsOf(
        id,
        rows
          .map(({ validFrom, attributes }) => ({ time: validFrom, attributes }))
          .sort((a, b) => compare(a.time, b.time)),
      ),
    ),
    ...[...firstNamed].flatMap(([id, time]) => versionsOf(id, [{ time, attributes: unknown }])),
  ]
}

export function geographyVersions(
  seed: readonly SeedRow<CountryAttributes>[],
  { sales, views, cartEvents }: StagedEvents,
): Version<CountryAttributes>[] {
  const named = [...sales, ...views, ...cartEvents].map((e) => [e.country, e.time] as const)
  return seededVersions(seed, named, [null, null])
}

export function geographyRows(versions: readonly Version<CountryAttributes>[]): Row[] {
  return versions.map((version) => {
    const [region, currency] = version.attributes
    return {
      geography_id: version.key,
      country: version.id,
      region,
      currency,
      ...interval(version),
    }
  })
}

export function categoryVersions(
  seed: readonly SeedRow<CategoryAttributes>[],
  { sales, views }: StagedEvents,
): Version<CategoryAttributes>[] {
  const named = [...sales, ...views].map((e) => [e.category, e.time] as const)
  return seededVersions(seed, named, [null])
}

export function categoryRows(versions: readonly Version<CategoryAttributes>[]): Row[] {
  return versions.map((version) => ({
    category_id: version.key,
    category: version.id,
    parent_category: version.attributes[0],
    ...interval(version),
  }))
}

/**
 * "Customers and products are known from transactions only; attributes come from purchase lines with
 * a positive price": these lines, in the order of time, then of coordinates.
 */
function describingLines(sales: readonly Sale[]): Sale[] {
  return sales
    .filter((sale) => sale.event_type === 'purchase' && sale.unitPrice > 0n)
    .sort((a, b) => compare(a.time, b.time))
}

/** "a blank one carries the previous value": the values of `read`, with those before in the place of nulls. */
function carried<T>(items: readonly T[], read: (item: T) => string | null): (string | null)[] {
  let value: string | null = null
  return items.map((item) => (value = read(item) ?? value))
}

/** Name, category and brand. */
export type ProductAttributes = readonly [string | null, string | null, string | null]

export interface ProductVersion extends Version<ProductAttributes> {
  /** In 1/10,000. */
  readonly unitPrice: bigint
}

/**
 * `dim_products`: "New versions are opened for changes in […] product_name, category, brand.
 * unit_price […] [is] updated in place; a closed version keeps […] the price as [it was] just before
 * its effective_to."
 */
export function productVersions(sales: readonly Sale[]): ProductVersion[] {
  const products = groupBy(describingLines(sales), (sale) => sale.product_id)
  return [...products].flatMap(([id, lines]) => {
    const names = carried(lines, (line) => line.product_name)
    const categories = carried(lines, (line) => line.category)
    const brands = carried(lines, (line) => line.brand)
    const states = lines.map((line, i) => ({
      time: line.time,
      attributes: [names[i] ?? null, categories[i] ?? null, brands[i] ?? null] as const,
    }))
    return versionsOf(id, states).map((version) => ({
      ...version,
      unitPrice: lines.findLast((line) => line.time < version.to)?.unitPrice ?? 0n,
    }))
  })
}

export function productRows(versions: readonly ProductVersion[]): Row[] {
  return versions.map((version) => {
    const [product_name, category, brand] = version.attributes
    return {
      product_id_pk: version.key,
      product_id: version.id,
      product_name,
      category,
      brand,
      unit_price: printUnits(version.unitPrice, 4),
      ...interval(version),
    }
  })
}

/** Country and segment. */
export type CustomerAttributes = readonly [string | null, string]

/**
 * Versions of `dim_customers`, for changes of country and customer_segment.
 *
 * "customer_segment: 'New Customer' until the first closed month; a month closes when as_of passes
 * its last day, and the segment scored from the events before that moment starts with the next month."
 * @param closed the scores at the ends of the closed months, by day
 */
export function customerVersions(
  sales: readonly Sale[],
  closed: ReadonlyMap<Day, readonly RfmScore[]>,
): Version<CustomerAttributes>[] {
  const segments = [...closed].map(([day, scores]) => ({
    start: startOf(addDays(day, 1)),
    of: new Map(scores.map((score) => [score.userId, score.segment])),
  }))
  const segmentAt = (userId: string, time: Moment): string =>
    segments.findLast(({ start, of }) => start <= time && of.has(userId))?.of.get(userId) ??
    'New Customer'

  const customers = groupBy(describingLines(sales), (sale) => sale.user_id)
  return [...customers].flatMap(([id, lines]) => {
    if (id === null) return []
    const countries = carried(lines, (line) => line.country)
    const first = lines[0]?.time ?? 0
    const changes = [
      ...lines.map((line) => line.time),
      ...segments.map(({ start }) => start).filter((start) => start > first),
    ].sort(compare)
    const states = changes.map((time) => {
      const latest = lines.findLastIndex((line) => line.time <= time)
      return { time, attributes: [countries[latest] ?? null, segmentAt(id, time)] as const }
    })
    return versionsOf(id, states)
  })
}

/**
 * `dim_customers`: "the running totals are updated in place […]; a closed version keeps the totals
 * […] as they were just before its effective_to. Totals are cumulative; a return reduces total_spent
 * and not total_transactions (distinct purchase transactions)." All lines count, free ones too.
 */
export function customerRows(
  versions: readonly Version<CustomerAttributes>[],
  sales: readonly Sale[],
): Row[] {
  const byUser = groupBy(sales, (sale) => sale.user_id)
  return versions.map((version) => {
    const [country, customer_segment] = version.attributes
    const before = (byUser.get(version.id) ?? []).filter((sale) => sale.time < version.to)
    const purchases = before.filter((sale) => sale.event_type === 'purchase')
    const times = purchases.map((sale) => sale.time).sort(compare)
    const transactions = new Set(purchases.map((sale) => sale.transaction_id)).size
    const spent = sum(before.map((sale) => sale.total))
    return {
      customer_sk: version.key,
      user_id: version.id,
      country,
      customer_segment,
      total_transactions: transactions,
      total_spent: printUnits(spent, 2),
      avg_order_value: printUnits(divide(spent, BigInt(transactions)), 2),
      first_transaction_date: dayOf(times[0] ?? 0),
      last_transaction_date: dayOf(times.at(-1) ?? 0),
      ...interval(version),
    }
  })
}
