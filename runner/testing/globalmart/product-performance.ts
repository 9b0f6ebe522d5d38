import { divide, printUnits, sum } from './decimal.ts'
import type { ProductVersion } from './dimensions.ts'
import { compare, groupBy } from './group.ts'
import type { Day } from './moment.ts'
import { addDays, startOf } from './moment.ts'
import type { Sale, StagedEvents } from './stage-events.ts'
import type { Row } from './warehouse.ts'

interface Figures {
  readonly productId: string
  readonly sales: number
  /** In 1/100. */
  readonly revenue: bigint
  readonly units: number
  readonly views: number
}

/** `product_performance` at the end of one analysis date, "cumulative to the date". */
export function performanceRows(
  events: StagedEvents,
  versions: readonly ProductVersion[],
  date: Day,
): Row[] {
  const sales = groupBy(
    events.sales.filter((sale) => sale.day <= date),
    (sale) => sale.product_id,
  )
  const views = groupBy(
    events.views.filter((view) => view.event_type === 'view' && view.day <= date),
    (view) => view.product_id,
  )
  const products = new Set([...sales.keys(), ...views.keys()])
  const figures = [...products]
    .filter((id) => id !== null)
    .map((id) => figuresOf(id, sales.get(id) ?? [], views.get(id)?.length ?? 0))
    // "rank (by revenue, then product_id)", best first
    .sort((a, b) => compare(b.revenue, a.revenue) || compare(a.productId, b.productId))

  // What is in force at the end of the date is what holds just before the next.
  const end = startOf(addDays(date, 1))
  const inForce = new Map(
    versions.filter((v) => v.from < end && end <= v.to).map((v) => [v.id, v.attributes[1]]),
  )
  return figures.map(({ productId, sales, revenue, units, views }, i) => ({
    analysis_date: date,
    product_id: productId,
    category: inForce.get(productId) ?? null,
    total_sales: sales,
    total_revenue: printUnits(revenue, 2),
    total_units: units,
    total_views: views,
    // "100 · sales / views, 2 decimals, null without views"
    conversion_rate:
      views === 0 ? null : printUnits(divide(BigInt(sales) * 10_000n, BigInt(views)), 2),
    rank: i + 1,
  }))
}

/** "total_sales (distinct purchase transactions), total_revenue (net)" */
function figuresOf(productId: string, sales: readonly Sale[], views: number): Figures {
  const purchases = sales.filter((sale) => sale.event_type === 'purchase')
  return {
    productId,
    sales: new Set(purchases.map((sale) => sale.transaction_id)).size,
    revenue: sum(sales.map((sale) => sale.total)),
    units: sales.reduce((total, sale) => total + sale.quantity, 0),
    views,
  }
}
