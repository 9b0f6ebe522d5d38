import type { Compiled } from '../compile/compiled.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Rows, Statement } from '../engine/statement.ts'
import type { TestNode } from '../manifest/node.ts'

/**
 * A data test as one query: the failing rows are counted (or measured by `fail_calc`) and compared in the database, so
 * that `warn_if` and `error_if` are SQL conditions as in dbt.
 */
export function testStatement(node: TestNode, compiled: Compiled): Statement {
  const { fail_calc, warn_if, error_if, limit } = node.config
  const figure = fail_calc ?? 'count(*)'
  const head = `select
  ${figure} as failures,
  ${figure} ${warn_if ?? '!= 0'} as should_warn,
  ${figure} ${error_if ?? '!= 0'} as should_error
from (\n`
  const tail = `\n${limit === undefined ? '' : `limit ${limit}\n`}) as failing_rows`
  return { ...aroundUserSql(compiled, { purpose: 'test', head, tail }), returnsRows: true }
}

export interface Verdict {
  readonly status: 'pass' | 'warn' | 'fail'
  readonly failures: number
}

/** Reads the one row of a test statement. With severity warn nothing fails the run, with `strict` a warning does. */
export function verdictOf(rows: Rows | undefined, severity: 'strict' | 'error' | 'warn'): Verdict {
  const row = rows?.rows[0]
  if (row === undefined) throw new Error('a test statement gave no row')
  const failures = Number(row['failures'] ?? 0)
  const isWarned = row['should_warn'] === true
  const isError = severity !== 'warn' && row['should_error'] === true
  if (isError || (severity === 'strict' && isWarned)) return { status: 'fail', failures }
  return { status: isWarned ? 'warn' : 'pass', failures }
}
