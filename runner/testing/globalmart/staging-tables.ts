import { printUnits } from './decimal.ts'
import { printMoment } from './moment.ts'
import type { Staged, StagedEvents } from './stage-events.ts'
import type { OracleTable, Row } from './warehouse.ts'

/** "staging models type" the events: their tables, one row an event, and as_of's place is in oracle.ts. */
export function stagingTables({ sales, views, cartEvents }: StagedEvents): OracleTable[] {
  return [
    table(
      'stg_transactions',
      sales.map((sale) => ({
        ...common(sale),
        transaction_id: sale.transaction_id,
        line_number: sale.line_number,
        product_name: sale.product_name,
        category: sale.category,
        brand: sale.brand,
        unit_price: printUnits(sale.unitPrice, 4),
        quantity: sale.quantity,
        discount_amount: printUnits(sale.discount, 2),
        total_amount: printUnits(sale.total, 2),
        payment_method: sale.payment_method,
        stock_after: sale.stock_after,
      })),
    ),
    table(
      'stg_product_views',
      views.map((view) => ({
        ...common(view),
        session_id: view.session_id,
        category: view.category,
        search_query: view.search_query,
        dwell_ms: view.dwell_ms,
        device: view.device,
      })),
    ),
    table(
      'stg_cart_events',
      cartEvents.map((event) => ({
        ...common(event),
        session_id: event.session_id,
        quantity: event.quantity,
        unit_price: event.unitPrice === null ? null : printUnits(event.unitPrice, 4),
        cart_value: event.cartValue === null ? null : printUnits(event.cartValue, 2),
      })),
    ),
  ]
}

function table(name: string, rows: readonly Row[]): OracleTable {
  return { name: `staging.${name}`, grain: ['event_id'], rows }
}

function common(event: Staged): Row {
  return {
    event_id: event.event_id,
    event_type: event.event_type,
    event_time: printMoment(event.time),
    event_date: event.day,
    user_id: event.user_id,
    product_id: event.product_id,
    country: event.country,
    // The coordinates of a line of a file.
    source_kind: 0,
    source_name: event.file,
    source_partition: 0,
    source_position: event.line,
    source_hash: event.hash,
  }
}
