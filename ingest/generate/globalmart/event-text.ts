import type {
  CartHappening,
  Happening,
  SaleHappening,
  ViewHappening,
  Visitor,
} from './happening.ts'

/**
 * An event as JSON in one line. Written by hand, because `JSON.stringify` takes most of the time otherwise: none of
 * the texts that are generated needs an escape.
 * @param stockAfter of a transaction's product
 */
export function eventText(happening: Happening, eventId: string, stockAfter: number): string {
  const timestamp = new Date(happening.atMs).toISOString()
  switch (happening.topic) {
    case 'product-views-topic':
      return viewText(happening, eventId, timestamp)
    case 'cart-events-topic':
      return cartText(happening, eventId, timestamp)
    case 'transactions-topic':
      return saleText(happening, eventId, timestamp, stockAfter)
  }
}

function viewText(happening: ViewHappening, eventId: string, timestamp: string): string {
  const { type, visitor, product, category, query, dwellMs } = happening
  return (
    `${opening(eventId, type)},"session_id":"${visitor.sessionId}","user_id":${user(visitor)}` +
    `,"product_id":${quoted(product?.id)},"category":${quoted(category)}` +
    `,"search_query":${quoted(query)},"dwell_ms":${dwellMs},"device":"${visitor.device}"` +
    closing(visitor, timestamp)
  )
}

function cartText(happening: CartHappening, eventId: string, timestamp: string): string {
  const { type, visitor, product, quantity, cartCents } = happening
  const price = product === null ? 'null' : String(product.priceCents / 100)
  return (
    `${opening(eventId, type)},"session_id":"${visitor.sessionId}","user_id":${user(visitor)}` +
    `,"product_id":${quoted(product?.id)},"quantity":${String(quantity)},"unit_price":${price}` +
    `,"cart_value":${cartCents / 100}${closing(visitor, timestamp)}`
  )
}

function saleText(
  happening: SaleHappening,
  eventId: string,
  timestamp: string,
  stockAfter: number,
): string {
  const { type, visitor, transactionId, line, product, quantity, discountCents } = happening
  const totalCents = quantity * product.priceCents - discountCents
  return (
    `${opening(eventId, type)},"transaction_id":"${transactionId}","line_number":${line}` +
    `,"user_id":${user(visitor)},"product_id":"${product.id}","product_name":"${product.name}"` +
    `,"category":"${product.category}","brand":"${product.brand}"` +
    `,"unit_price":${product.priceCents / 100},"quantity":${quantity}` +
    `,"discount_amount":${discountCents / 100},"total_amount":${totalCents / 100}` +
    `,"payment_method":"${visitor.paymentMethod}","country":"${visitor.country}"` +
    `,"stock_after":${stockAfter},"timestamp":"${timestamp}"}`
  )
}

function opening(eventId: string, type: string): string {
  return `{"event_id":"${eventId}","event_type":"${type}"`
}

function closing(visitor: Visitor, timestamp: string): string {
  return `,"country":"${visitor.country}","timestamp":"${timestamp}"}`
}

function user(visitor: Visitor): string {
  return quoted(visitor.userId)
}

function quoted(text: string | null | undefined): string {
  return text === null || text === undefined ? 'null' : `"${text}"`
}
