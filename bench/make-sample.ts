// Makes the project's sample of the UCI Online Retail data:
//
//   npx tsx bench/make-sample.ts <online-retail-2010-12_2011-02.csv.gz>
//
// Whole invoices only. Half of the lines are runs of invoices as they stand in the file; the other
// half are further invoices of the customers met there, the shortest first, so that many customers
// buy, come back and return. It is split by month, to be landed in steps. Nothing is random: the
// same input gives the same files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

const SAMPLE_LINES = 5000
const RUNS_PER_MONTH = 6
const FOLDER = join(import.meta.dirname, '..', 'ingest', 'samples')

const [input] = process.argv.slice(2)
if (input === undefined) throw new Error('usage: make-sample <the quarter as .csv.gz>')
const [header = '', ...lines] = gunzipSync(readFileSync(input))
  .toString('utf8')
  .trimEnd()
  .split('\n')

const months = ['2010-12', '2011-01', '2011-02'].map((month, i, all) => {
  const wanted = Math.floor((SAMPLE_LINES * (i + 1)) / all.length)
  const before = Math.floor((SAMPLE_LINES * i) / all.length)
  const invoices = invoicesOf(lines.filter((line) => line.includes(`,${month}-`)))
  return { month, wanted: wanted - before, invoices, picked: new Set<readonly string[]>() }
})
for (const { invoices, wanted, picked } of months) pickRuns(invoices, wanted / 2, picked)
const customers = new Set(months.flatMap(({ picked }) => [...picked].map(customerOf)))
customers.delete('')

mkdirSync(FOLDER, { recursive: true })
for (const { month, invoices, wanted, picked } of months) {
  const bySize = [...invoices].sort((a, b) => a.length - b.length)
  fill(
    bySize.filter((invoice) => customers.has(customerOf(invoice))),
    wanted,
    picked,
  )
  fill(bySize, wanted, picked)
  const sample = invoices.filter((invoice) => picked.has(invoice)).flat()
  const csv = `${[header, ...sample].join('\n')}\n`
  writeFileSync(join(FOLDER, `online-retail-sample-${month}.csv.gz`), gzipSync(csv, { level: 9 }))
  console.log(month, sample.length)
}

/** Lines of the file by invoice, in its order. */
function invoicesOf(month: readonly string[]): string[][] {
  const invoices: string[][] = []
  let last = ''
  for (const line of month) {
    const invoice = line.slice(0, line.indexOf(','))
    if (invoice === last) invoices.at(-1)?.push(line)
    else invoices.push([line])
    last = invoice
  }
  return invoices
}

/** Empty for a guest. The two last columns never hold a comma. */
function customerOf(invoice: readonly string[]): string {
  return invoice[0]?.split(',').at(-2) ?? ''
}

/** Runs that begin at equal steps through the month. */
function pickRuns(
  invoices: readonly (readonly string[])[],
  wanted: number,
  picked: Set<readonly string[]>,
): void {
  for (let run = 0; run < RUNS_PER_MONTH; run++) {
    let room = Math.floor(wanted / RUNS_PER_MONTH)
    for (const invoice of invoices.slice(Math.floor((invoices.length * run) / RUNS_PER_MONTH))) {
      if (invoice.length > room) break
      picked.add(invoice)
      room -= invoice.length
    }
  }
}

/** Adds the invoices that still fit, in their order. */
function fill(
  invoices: readonly (readonly string[])[],
  wanted: number,
  picked: Set<readonly string[]>,
): void {
  let room = wanted - [...picked].reduce((sum, invoice) => sum + invoice.length, 0)
  for (const invoice of invoices) {
    if (picked.has(invoice) || invoice.length > room) continue
    picked.add(invoice)
    room -= invoice.length
  }
}
