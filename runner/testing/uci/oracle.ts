import { createHash } from 'node:crypto'
import { parse } from 'csv-parse/sync'

// What the models must come to on the UCI data, computed from the lines of the file by plain loops:
// no SQL, no floats, nothing taken from ingest/ or models/. To be read beside systems.md, sections 1
// and 2. Values are as PostgreSQL prints them in UTC: `2.5500` is a numeric(18,4), `15.30` a
// numeric(18,2), `2010-12-01 08:26:00+00` a timestamptz.

/** A CSV file as it is landed, uncompressed. */
export interface UciFile {
  readonly name: string
  readonly text: string
}

/** One staged event: a line of an invoice, exact duplicates removed. */
export interface UciEvent {
  readonly event_id: string
  readonly event_type: 'purchase' | 'return'
  readonly transaction_id: string
  readonly user_id: string | null
  readonly product_id: string
  readonly product_name: string | null
  /** In 1/10,000. */
  readonly unitPrice: bigint
  readonly quantity: bigint
  /** In 1/100. */
  readonly totalAmount: bigint
  readonly country: string
  /** `2010-12-01 08:26:00`, UTC; as text it sorts like the time. */
  readonly time: string
}

/** The figures that a run is first compared by. */
export interface UciFigures {
  readonly lines: number
  readonly dead_letters: number
  readonly events: number
  readonly duplicates: number
  readonly returns: number
  readonly guest_events: number
  /** Net of returns. */
  readonly revenue: string
  readonly customers: number
  readonly products: number
  readonly countries: readonly string[]
}

export interface ProductVersion {
  readonly product_id_pk: string
  readonly product_id: string
  readonly product_name: string | null
  readonly unit_price: string
  readonly effective_from: string
  readonly effective_to: string
  readonly is_current: boolean
}

export interface SaleFact {
  readonly event_id: string
  readonly transaction_id: string
  readonly line_number: null
  readonly date_id: number
  readonly product_id_pk: string | null
  readonly user_id: string | null
  readonly quantity: number
  readonly unit_price: string
  readonly discount_amount: string
  readonly total_amount: string
  readonly payment_method: null
  readonly transaction_timestamp: string
}

export interface RfmRow {
  readonly analysis_date: string
  readonly user_id: string
  readonly recency_days: number
  readonly frequency_count: number
  readonly monetary_value: string
  readonly r_score: number
  readonly f_score: number
  readonly m_score: number
  readonly rfm_score: string
  readonly rfm_segment: string
}

export interface UciStaging {
  /** By coordinates: file name, then line. */
  readonly events: readonly UciEvent[]
  readonly figures: UciFigures
}

const FOREVER = '9999-12-31 00:00:00'

// ── Staging ─────────────────────────────────────────────────────────────────────────────────────

/** Section 1: the events of the files, one per event_id, the first by coordinates. */
export function stageUci(files: readonly UciFile[]): UciStaging {
  const events = new Map<string, UciEvent>()
  let lines = 0
  let deadLetters = 0
  for (const file of [...files].sort((a, b) => compare(a.name, b.name))) {
    const records = parse(file.text, { columns: true }) as unknown as Record<string, string>[]
    for (const record of records) {
      lines += 1
      // A bookkeeping entry is neither a sale nor a return.
      if (/^[^0-9C]/.test(record.InvoiceNo ?? '')) {
        deadLetters += 1
        continue
      }
      const event = eventOf(record)
      if (!events.has(event.event_id)) events.set(event.event_id, event)
    }
  }
  const staged = [...events.values()]
  const customers = new Set(staged.map((e) => e.user_id))
  customers.delete(null)
  const figures: UciFigures = {
    lines,
    dead_letters: deadLetters,
    events: staged.length,
    duplicates: lines - deadLetters - staged.length,
    returns: staged.filter((e) => e.event_type === 'return').length,
    guest_events: staged.filter((e) => e.user_id === null).length,
    revenue: fixed(sum(staged.map((e) => e.totalAmount)), 2),
    customers: customers.size,
    products: new Set(staged.map((e) => e.product_id)).size,
    countries: [...new Set(staged.map((e) => e.country))].sort(compare),
  }
  return { events: staged, figures }
}

function eventOf(record: Readonly<Record<string, string>>): UciEvent {
  const cell = (column: string): string => (record[column] ?? '').trim()
  const unitPrice = toUnits(cell('UnitPrice'), 4)
  const quantity = BigInt(cell('Quantity'))
  // Pence from 1/10,000 pounds: half away from zero.
  const exact = unitPrice * quantity
  const totalAmount = exact < 0n ? -((-exact + 50n) / 100n) : (exact + 50n) / 100n
  const fields = {
    event_type: cell('InvoiceNo').startsWith('C') ? ('return' as const) : ('purchase' as const),
    transaction_id: cell('InvoiceNo'),
    user_id: cell('CustomerID').replace(/\.0$/, '') || null,
    product_id: cell('StockCode'),
    product_name: cell('Description') || null,
  }
  const time = cell('InvoiceDate')
  // The event_id of a file: MD5 of the mapped fields as JSON, in the order of systems.md, without
  // those that are null. Numbers are written without superfluous zeros.
  const text = (value: string): string => JSON.stringify(value)
  const mapped = [
    ...Object.entries(fields).map(([key, value]) =>
      value === null ? '' : `"${key}":${text(value)}`,
    ),
    `"unit_price":${shortest(unitPrice, 4)}`,
    `"quantity":${quantity.toString()}`,
    '"discount_amount":0',
    `"total_amount":${shortest(totalAmount, 2)}`,
    `"country":${text(cell('Country'))}`,
    `"timestamp":"${time.replace(' ', 'T')}Z"`,
  ]
  const json = `{${mapped.filter((field) => field !== '').join(',')}}`
  return {
    event_id: md5(json),
    ...fields,
    unitPrice,
    quantity,
    totalAmount,
    country: cell('Country'),
    time,
  }
}

// ── History of products ─────────────────────────────────────────────────────────────────────────

/** Section 2: `dim_products`, sorted by product_id and effective_from. */
export function productVersions(events: readonly UciEvent[]): ProductVersion[] {
  const byProduct = new Map<string, UciEvent[]>()
  // Attributes come from purchase lines with a positive price. The sort is stable: events of one
  // moment stay in the order of their coordinates.
  for (const event of [...events].sort((a, b) => compare(a.time, b.time))) {
    if (event.event_type !== 'purchase' || event.unitPrice <= 0n) continue
    const known = byProduct.get(event.product_id)
    if (known === undefined) byProduct.set(event.product_id, [event])
    else known.push(event)
  }
  return [...byProduct.keys()]
    .sort(compare)
    .flatMap((id) => versionsOf(id, byProduct.get(id) ?? []))
}

function versionsOf(productId: string, events: readonly UciEvent[]): ProductVersion[] {
  const versions: { name: string | null; unitPrice: bigint; from: string }[] = []
  let name: string | null = null
  for (const [i, event] of events.entries()) {
    // A blank name carries the previous one.
    name = event.product_name ?? name
    // Of one moment, the last by coordinates wins: what comes before it was never in force.
    if (events[i + 1]?.time === event.time) continue
    const current = versions.at(-1)
    if (current?.name === name) current.unitPrice = event.unitPrice
    else versions.push({ name, unitPrice: event.unitPrice, from: event.time })
  }
  return versions.map((version, i) => ({
    product_id_pk: md5(`${productId}|${epochMicroseconds(version.from)}`),
    product_id: productId,
    product_name: version.name,
    unit_price: fixed(version.unitPrice, 4),
    effective_from: `${version.from}+00`,
    effective_to: `${versions[i + 1]?.from ?? FOREVER}+00`,
    is_current: i === versions.length - 1,
  }))
}

// ── Facts ───────────────────────────────────────────────────────────────────────────────────────

/** Section 2: `fact_sales`, sorted by event_id, each with the key of the version in force. */
export function saleFacts(
  events: readonly UciEvent[],
  versions: readonly ProductVersion[],
): SaleFact[] {
  const byProduct = new Map<string, ProductVersion[]>()
  for (const version of versions) {
    const known = byProduct.get(version.product_id)
    if (known === undefined) byProduct.set(version.product_id, [version])
    else known.push(version)
  }
  const facts = events.map((event): SaleFact => {
    const candidates = byProduct.get(event.product_id) ?? []
    const at = `${event.time}+00`
    const inForce =
      candidates.find((v) => v.effective_from <= at && at < v.effective_to) ?? candidates[0]
    return {
      event_id: event.event_id,
      transaction_id: event.transaction_id,
      line_number: null,
      date_id: Number(event.time.slice(0, 10).replaceAll('-', '')),
      product_id_pk: inForce?.product_id_pk ?? null,
      user_id: event.user_id,
      quantity: Number(event.quantity),
      unit_price: fixed(event.unitPrice, 4),
      discount_amount: '0.00',
      total_amount: fixed(event.totalAmount, 2),
      payment_method: null,
      transaction_timestamp: at,
    }
  })
  return facts.sort((a, b) => compare(a.event_id, b.event_id))
}

// ── RFM ─────────────────────────────────────────────────────────────────────────────────────────

/** The closed month ends from the first event on, and as_of itself, in order: `2010-12-31`. */
export function analysisDates(events: readonly UciEvent[], asOf?: string): string[] {
  const days = events.map((e) => e.time.slice(0, 10)).sort(compare)
  const [first] = days
  const last = asOf ?? days.at(-1)
  if (first === undefined || last === undefined) return []
  const dates: string[] = []
  for (let month = monthEnd(first); month < last; month = monthEnd(addDay(month))) dates.push(month)
  return [...dates, last]
}

/**
 * Section 2: `rfm_analysis`, sorted by analysis_date and user_id.
 * @param asOf a UTC date; the date of the last event where it is left out
 */
export function rfmRows(events: readonly UciEvent[], asOf?: string): RfmRow[] {
  return analysisDates(events, asOf).flatMap((date) => rfmAt(events, date))
}

interface Customer {
  readonly userId: string
  readonly recency: number
  readonly frequency: number
  readonly monetary: bigint
}

function rfmAt(events: readonly UciEvent[], date: string): RfmRow[] {
  const byUser = new Map<string, UciEvent[]>()
  for (const event of events) {
    if (event.user_id === null || event.time.slice(0, 10) > date) continue
    const known = byUser.get(event.user_id)
    if (known === undefined) byUser.set(event.user_id, [event])
    else known.push(event)
  }
  const customers: Customer[] = []
  for (const [userId, own] of byUser) {
    const purchases = own.filter((e) => e.event_type === 'purchase')
    const lastDay = purchases
      .map((e) => e.time.slice(0, 10))
      .sort(compare)
      .at(-1)
    if (lastDay === undefined) continue
    customers.push({
      userId,
      recency: daysBetween(lastDay, date),
      frequency: new Set(purchases.map((e) => e.transaction_id)).size,
      monetary: sum(own.map((e) => e.totalAmount)),
    })
  }
  // Worst first, so that 5 is best; equal ones by user_id.
  const r = quintiles(customers, (a, b) => b.recency - a.recency)
  const f = quintiles(customers, (a, b) => a.frequency - b.frequency)
  const m = quintiles(customers, (a, b) => compareBig(a.monetary, b.monetary))
  return customers
    .sort((a, b) => compare(a.userId, b.userId))
    .map((customer) => {
      const scores = [r, f, m].map((score) => score.get(customer.userId) ?? 0)
      const [rScore = 0, fScore = 0, mScore = 0] = scores
      return {
        analysis_date: date,
        user_id: customer.userId,
        recency_days: customer.recency,
        frequency_count: customer.frequency,
        monetary_value: fixed(customer.monetary, 2),
        r_score: rScore,
        f_score: fScore,
        m_score: mScore,
        rfm_score: scores.join(''),
        rfm_segment: segmentOf(Number(scores.join(''))),
      }
    })
}

/** `ntile(5)`: buckets of equal size, the first ones larger by one where it does not come out even. */
function quintiles(
  customers: readonly Customer[],
  order: (a: Customer, b: Customer) => number,
): Map<string, number> {
  const sorted = [...customers].sort((a, b) => order(a, b) || compare(a.userId, b.userId))
  const size = Math.floor(sorted.length / 5)
  const larger = sorted.length % 5
  const scores = new Map<string, number>()
  let next = 0
  for (let bucket = 1; bucket <= 5; bucket++) {
    const end = next + size + (bucket <= larger ? 1 : 0)
    for (; next < end; next++) scores.set(sorted[next]?.userId ?? '', bucket)
  }
  return scores
}

function segmentOf(score: number): string {
  if (score >= 544) return 'Champions'
  if (score >= 434) return 'Loyal Customers'
  if (score >= 334) return 'Potential Loyalists'
  if (score >= 244) return 'At Risk'
  if (score >= 144) return 'Need Attention'
  return 'Lost Customers'
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

/** Order of code units, which for these data is that of `collate "C"`. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}

/** `2.55` in 1/10,000 is 25500n. Refuses digits that do not fit. */
function toUnits(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  if (fraction.length > scale) throw new Error(`${text} has more than ${scale} digits`)
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

/** 25500n of scale 4 is `2.5500`. */
function fixed(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** 25500n of scale 4 is `2.55`. */
function shortest(units: bigint, scale: number): string {
  return fixed(units, scale).replace(/\.?0+$/, '')
}

function epochMicroseconds(time: string): string {
  return (BigInt(Date.parse(`${time.replace(' ', 'T')}Z`)) * 1000n).toString()
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000
}

function addDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

function monthEnd(day: string): string {
  const [year = 0, month = 0] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}
