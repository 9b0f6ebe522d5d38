import { printUnits } from './decimal.ts'
import type { Moment } from './moment.ts'
import { dateId, printMoment } from './moment.ts'
import type { CartEvent, Sale, Staged, View } from './stage-events.ts'
import type { Row } from './warehouse.ts'

/** Finds the surrogate key of the version that a fact of a time takes. */
export type FindKey = (id: string | null, time: Moment) => string | null

/**
 * "Facts, […] unique on event_id, each with the surrogate keys of the dimension version that was in
 * force at the event's time".
 */
export interface Keys {
  readonly geography: FindKey
  readonly product: FindKey
  readonly customer: FindKey
}

export function saleRows(sales: readonly Sale[], keys: Keys): Row[] {
  return sales.map((sale) => ({
    ...common(sale, keys),
    transaction_id: sale.transaction_id,
    line_number: sale.line_number,
    quantity: sale.quantity,
    unit_price: printUnits(sale.unitPrice, 4),
    discount_amount: printUnits(sale.discount, 2),
    total_amount: printUnits(sale.total, 2),
    payment_method: sale.payment_method,
    transaction_timestamp: printMoment(sale.time),
  }))
}

/** "product_id_pk is null on search and filter": staging has no product there. */
export function viewRows(views: readonly View[], keys: Keys): Row[] {
  return views.map((view) => ({
    ...common(view, keys),
    session_id: view.session_id,
    category: view.category,
    search_query: view.search_query,
    dwell_ms: view.dwell_ms,
    device: view.device,
    view_timestamp: printMoment(view.time),
  }))
}

/** "product_id_pk is null on checkout": staging has no product there. */
export function cartEventRows(events: readonly CartEvent[], keys: Keys): Row[] {
  return events.map((event) => ({
    ...common(event, keys),
    session_id: event.session_id,
    quantity: event.quantity,
    unit_price: event.unitPrice === null ? null : printUnits(event.unitPrice, 4),
    cart_value: event.cartValue === null ? null : printUnits(event.cartValue, 2),
    event_timestamp: printMoment(event.time),
  }))
}

function common(event: Staged, keys: Keys): Row {
  return {
    event_id: event.event_id,
    event_type: event.event_type,
    date_id: dateId(event.day),
    geography_id: keys.geography(event.country, event.time),
    product_id_pk: keys.product(event.product_id, event.time),
    customer_sk: keys.customer(event.user_id, event.time),
    user_id: event.user_id,
    product_id: event.product_id,
  }
}
