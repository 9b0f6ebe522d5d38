import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyFloor } from '../copy-floor.ts'
import type { Case } from '../finding.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const LINES = 500_000

/** Landing a JSON-lines file of transactions, against psql's \copy of the very rows that it became. */
export const landing: Case = async () =>
  await inScratch(async (folder) => {
    mkdirSync(join(folder, 'models'))
    writeFileSync(join(folder, 'project.yml'), 'name: bench\n')
    const file = join(folder, 'transactions.jsonl')
    writeFileSync(file, transactions(LINES))
    const gm = (...args: string[]): string =>
      execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8' })
    try {
      gm('ingest', 'file', 'transactions-topic', file)
      const url = gm('db', 'url').trim()
      const psql = (sql: string): string =>
        execFileSync('psql', [url, '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', sql], {
          encoding: 'utf8',
        })
      const landed = Number(psql('select count(*) from raw.transactions'))
      if (landed !== LINES) throw new Error(`${landed} of ${LINES} lines have landed`)
      const floor = { argv: copyFloor(psql, url, folder) }
      const pair = await compare({
        ours: { argv: [...GM, 'ingest', 'file', 'transactions-topic', file], cwd: folder },
        floor,
        rounds: 5,
        before: async () => {
          psql('truncate raw.transactions, raw.landed_files, bench_floor')
          psql('checkpoint')
          await Promise.resolve()
        },
      })
      const speed = 1 / (pair.wallRatio ?? Infinity)
      return [
        {
          name: `land ${LINES} JSON lines`,
          floorName: 'psql \\copy of the same rows',
          pair,
          target: `speed ≥ 0.60 of it (here ${speed.toFixed(2)})`,
          isMet: speed >= 0.6,
        },
      ]
    } finally {
      gm('db', 'reset', '--yes')
    }
  })

/** Purchases of repeatable content; what they say does not matter here, their shape does. */
function transactions(count: number): string {
  const lines: string[] = []
  for (let i = 0; i < count; i++) {
    const quantity = 1 + (i % 9)
    const price = 1 + (i % 500) / 100
    lines.push(
      JSON.stringify({
        event_id: `e${i}`,
        event_type: 'purchase',
        transaction_id: `t${Math.floor(i / 4)}`,
        line_number: 1 + (i % 4),
        user_id: i % 10 === 0 ? null : `u${i % 5_000}`,
        product_id: `p${i % 3_000}`,
        product_name: `product number ${i % 3_000}`,
        category: `category ${i % 100}`,
        brand: `brand ${i % 50}`,
        unit_price: price,
        quantity,
        discount_amount: 0,
        total_amount: Math.round(quantity * price * 100) / 100,
        payment_method: 'credit_card',
        country: 'Germany',
        stock_after: 1_000 - (i % 1_000),
        timestamp: new Date(Date.UTC(2026, 0, 1) + i * 1_000).toISOString(),
      }),
    )
  }
  return `${lines.join('\n')}\n`
}
