import type { Calendar, CategoryAttributes, CountryAttributes, SeedRow } from './dimensions.ts'
import {
  categoryRows,
  categoryVersions,
  customerRows,
  customerVersions,
  dateRows,
  geographyRows,
  geographyVersions,
  productRows,
  productVersions,
} from './dimensions.ts'
import type { Keys } from './facts.ts'
import { cartEventRows, saleRows, viewRows } from './facts.ts'
import { keysOf } from './history.ts'
import type { Day } from './moment.ts'
import { performanceRows } from './product-performance.ts'
import type { RfmScore } from './rfm.ts'
import { analysisDates, rfmRows, rfmScores, segmentRows } from './rfm.ts'
import { trendRows } from './sales-trends.ts'
import type { EventFile, StagedEvents } from './stage-events.ts'
import { stageEvents } from './stage-events.ts'
import { stagingTables } from './staging-tables.ts'
import type { OracleTable, Row } from './warehouse.ts'

// The whole GlobalMart warehouse, computed a second time: from the lines of the files, by maps and
// sorting. No SQL, no floats, and nothing taken from models/. Quoted text is that of the
// specification. It is meant to be read; where it and the models disagree, one of them is wrong.

export interface OracleInput {
  readonly files: readonly EventFile[]
  readonly countries: readonly SeedRow<CountryAttributes>[]
  readonly categories: readonly SeedRow<CategoryAttributes>[]
  readonly calendar: Calendar
  /** The day that the run was told to take for today. */
  readonly asOf?: Day
}

export interface Oracle {
  /** Every table that is compared, staging first. */
  readonly tables: readonly OracleTable[]
  readonly events: StagedEvents
}

/** What the warehouse holds once these files are landed and built, in whatever order and steps. */
export function oracle(input: OracleInput): Oracle {
  const events = stageEvents(input.files)
  const asOf = input.asOf ?? lastDay(events)
  const dates = analysisDates(firstDay(events), asOf)
  const scores = new Map<Day, readonly RfmScore[]>(
    dates.map((date) => [date, rfmScores(events.sales, date)]),
  )
  // All analysis dates but as_of are closed month ends.
  const closed = new Map([...scores].filter(([date]) => date !== asOf))

  const geography = geographyVersions(input.countries, events)
  const category = categoryVersions(input.categories, events)
  const products = productVersions(events.sales)
  const customers = customerVersions(events.sales, closed)
  const keys: Keys = {
    geography: keysOf(geography),
    product: keysOf(products),
    customer: keysOf(customers),
  }

  const table = (name: string, grain: string, rows: readonly Row[]): OracleTable => ({
    name: `warehouse.${name}`,
    grain: grain.split(' '),
    rows,
  })
  const tables = [
    ...stagingTables(events),
    table('dim_date', 'date_id', dateRows(input.calendar)),
    table('dim_geography', 'country effective_from', geographyRows(geography)),
    table('dim_category', 'category effective_from', categoryRows(category)),
    table('dim_products', 'product_id effective_from', productRows(products)),
    table('dim_customers', 'user_id effective_from', customerRows(customers, events.sales)),
    table('fact_sales', 'event_id', saleRows(events.sales, keys)),
    table('fact_product_views', 'event_id', viewRows(events.views, keys)),
    table('fact_cart_events', 'event_id', cartEventRows(events.cartEvents, keys)),
    table('rfm_analysis', 'analysis_date user_id', rfmRows(scores)),
    table(
      'product_performance',
      'analysis_date product_id',
      dates.flatMap((date) => performanceRows(events, products, date)),
    ),
    table('sales_trends', 'period_type period_start country', trendRows(events.sales, asOf)),
    table('customer_segments', 'segment_name', segmentRows(asOf, scores.get(asOf ?? '') ?? [])),
  ]
  return { tables, events }
}

/** "as_of is the last UTC date in the staged events of all topics, unless the run gives one." */
function lastDay(events: StagedEvents): Day | null {
  return days(events).reduce<Day | null>(
    (last, day) => (last === null || day > last ? day : last),
    null,
  )
}

function firstDay(events: StagedEvents): Day | null {
  return days(events).reduce<Day | null>(
    (first, day) => (first === null || day < first ? day : first),
    null,
  )
}

function days({ sales, views, cartEvents }: StagedEvents): Day[] {
  return [...sales, ...views, ...cartEvents].map((event) => event.day)
}
