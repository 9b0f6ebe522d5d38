import { literal } from '../manifest/quoted.ts'
import { lockTables } from './postgres/lock-tables.ts'
import type { Transaction } from './statement.ts'

/**
 * A transaction as text that psql can run, for logs and --dry-run. Row counts that are only known when it runs are
 * written as `'{}'`, and rows that are copied from a file as a \copy of it.
 */
export function transactionSql(transaction: Transaction): string {
  const lines =
    transaction.isolation === 'none' ? [] : [`begin isolation level ${transaction.isolation};`]
  if (transaction.lockTimeoutMs !== undefined) {
    lines.push(`set local lock_timeout = ${transaction.lockTimeoutMs};`)
  }
  lines.push(...lockTables(transaction.locks).map((sql) => `${sql};`))
  for (const statement of transaction.statements) {
    if (statement.copyFrom !== undefined) {
      lines.push(
        statement.sql
          .replace(/^copy /, '\\copy ')
          .replace(' from stdin ', ` from ${literal(statement.copyFrom.file)} `),
      )
      continue
    }
    const binds = statement.binds === 'counts' ? ['{}'] : (statement.binds ?? [])
    const sql = binds.reduce<string>(
      (text, value, i) =>
        text.replaceAll(new RegExp(`\\$${i + 1}(?![0-9])`, 'g'), () => bound(value)),
      statement.sql,
    )
    lines.push(`${sql};`)
  }
  if (transaction.isolation !== 'none') lines.push('commit;')
  return lines.join('\n')
}

function bound(value: string | number | boolean | null): string {
  return typeof value === 'string' ? literal(value) : String(value)
}
