import type { Mutant } from './mutate-sql.ts'

interface Equivalent extends Pick<Mutant, 'file' | 'before' | 'after'> {
  readonly because: string
}

const GLOBALMART = 'models/globalmart'
const MACROS = 'macros/globalmart'

/** Mistakes that give the same rows on any events, each with its proof. What is not here and survives counts as missed. */
const EQUIVALENT: readonly Equivalent[] = [
  {
    file: `${GLOBALMART}/analytics/rfm_analysis.sql`,
    before: 'union all',
    after: 'union',
    because: 'the first part has the dates before that of the second, so they share no row',
  },
  {
    file: `${GLOBALMART}/analytics/rfm_analysis.sql`,
    before:
      "where scores.analysis_date < (select max(today.analysis_date) from {{ ref('rfm_as_of') }} as today)",
    after:
      "where scores.analysis_date < (select min(today.analysis_date) from {{ ref('rfm_as_of') }} as today)",
    because: 'rfm_as_of has one date',
  },
  {
    file: `${GLOBALMART}/analytics/product_performance.sql`,
    before: 'union all',
    after: 'union',
    because:
      'of the first only the minimum is read; in the second the day of the analysis is no closed month end',
  },
  {
    file: `${GLOBALMART}/analytics/sales_trends.sql`,
    before: "max(case when sale.event_type = 'purchase' then sale.transaction_id end) as order_id,",
    after: "min(case when sale.event_type = 'purchase' then sale.transaction_id end) as order_id,",
    because: 'all lines of a group have the same transaction',
  },
  {
    file: `${GLOBALMART}/intermediate/as_of.sql`,
    before: 'union all',
    after: 'union',
    because: 'only the maximum is read',
  },
  {
    file: `${GLOBALMART}/intermediate/rfm_as_of.sql`,
    before: 'where sale.user_id is not null',
    after: 'where true',
    because: 'the macro rfm leaves guests out again',
  },
  {
    file: `${GLOBALMART}/intermediate/rfm_closed_months.sql`,
    before: 'where kept.is_closed <> (kept.analysis_date < bounds.as_of_day)',
    after: 'where true',
    because: 'more months are computed again than need be, with the same scores',
  },
  {
    file: 'snapshots/globalmart/dim_products.sql',
    before: 'and e.product_id is not null',
    after: '(removed)',
    because: 'landing refuses sales without a product',
  },
  {
    file: `${MACROS}/rfm.sql`,
    before: 'inner join periods as p',
    after: 'left join periods as p',
    because: 'days after the last date have been left out, and every other has its period',
  },
  {
    file: `${MACROS}/source_coordinates.sql`,
    before: "and ({{ coordinate_columns('staged') }}) <= ({{ coordinate_columns(event) }})",
    after: "and ({{ coordinate_columns('staged') }}) < ({{ coordinate_columns(event) }})",
    because: 'a record is read once, so nothing staged has its coordinates',
  },
  {
    file: `${MACROS}/named_by_events.sql`,
    before: 'union all',
    after: 'union',
    because: 'of the mentions only the first time is read',
  },
  {
    file: `${MACROS}/named_by_events.sql`,
    before:
      'where t.{{ natural_key }} not in (select known.{{ natural_key }} from {{ seed }} as known)',
    after: 'where true',
    because: 'more keys are computed again than need be, with the same history',
  },
  {
    file: `${MACROS}/in_force.sql`,
    before:
      'where version.{{ natural_key }} in (select wanted.{{ natural_key }} from {{ events }} as wanted)',
    after: 'where true',
    because: 'versions of keys that no event has join nothing',
  },
  {
    file: `${MACROS}/in_force.sql`,
    before: 'and e.event_time >= moved.moved_from',
    after: '(removed)',
    because: 'more events are keyed again than need be, with the same keys',
  },
]

/** The proof that a mutant changes no row of any table on any events, where there is one. */
export function proofOfEquivalence({ file, before, after }: Mutant): string | undefined {
  return EQUIVALENT.find((one) => one.file === file && one.before === before && one.after === after)
    ?.because
}
