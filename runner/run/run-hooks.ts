import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { transactionControl } from '../compile/transaction-control.ts'
import type { Session } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'
import { transactionSql } from '../engine/transaction-sql.ts'
import type { RunEvent, StepResult } from './event.ts'

/** A hook of `on-run-start` or `on-run-end`. */
export interface RunHook {
  readonly name: string
  readonly at: Location
  /** Its SQL, from the results so far; empty when there is nothing to do. */
  readonly render: (results: readonly StepResult[]) => string
}

/**
 * Runs hooks in order, each in a transaction of its own. What they set on the session goes with them.
 * @throws GmError of the first that fails, with the place where it is configured.
 */
export async function runHooks(
  hooks: readonly RunHook[],
  results: readonly StepResult[],
  session: Session,
  { emit, signal }: { emit: (event: RunEvent) => void; signal: AbortSignal },
): Promise<void> {
  if (hooks.length === 0) return
  try {
    await runInOrder(hooks, results, session, { emit, signal })
  } finally {
    // Where the connection has gone, so have they.
    await session.resetSettings().catch(() => undefined)
  }
}

async function runInOrder(
  hooks: readonly RunHook[],
  results: readonly StepResult[],
  session: Session,
  { emit, signal }: { emit: (event: RunEvent) => void; signal: AbortSignal },
): Promise<void> {
  for (const hook of hooks) {
    const sql = hook.render(results)
    if (sql === '') continue
    const control = transactionControl(sql)
    if (control !== undefined) {
      throw new GmError('GM3009', `${hook.name} says "${control}" inside its transaction`, {
        at: hook.at,
        hint: 'gm runs each of these hooks in a transaction of its own, which it begins and ends: leave it out, or make two hooks of it.',
      })
    }
    const transaction: Transaction = {
      name: 'hook',
      isolation: 'read committed',
      locks: [],
      statements: [{ purpose: hook.name, sql, isUsers: true }],
    }
    emit({ type: 'sql', id: undefined, session: 0, sql: transactionSql(transaction) })
    try {
      await session.transaction(transaction, signal)
    } catch (error) {
      if (!(error instanceof GmError)) throw error
      const { code, message, hint, cause } = error
      throw new GmError(code, `${hook.name}: ${message}`, { at: hook.at, hint, cause })
    }
  }
}
