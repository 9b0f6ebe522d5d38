import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import type { Client, ClientConfig, QueryArrayResult } from 'pg'
import { GmError } from '../../base/error.ts'
import { literal } from '../../manifest/quoted.ts'
import type { Connection } from '../../project/project.ts'
import type { Session, SnapshotHolder } from '../adapter.ts'
import { GuardFailed } from '../adapter.ts'
import { attachSqlError } from '../sql-error.ts'
import type { Outcome, RowCounts, Rows, Statement, Transaction } from '../statement.ts'
import { abortError } from './abort-error.ts'
import type { BackendKey } from './cancel-query.ts'
import { cancelQuery } from './cancel-query.ts'
import { copyFile } from './copy-file.ts'
import { endClient } from './end-client.ts'
import { explainError, positionOf, sqlStateOf } from './explain-error.ts'
import { findBrokenQuote } from './find-broken-quote.ts'
import { lockTables } from './lock-tables.ts'
import type { OpenedClient } from './open-client.ts'
import type { Batch } from './statement-batch.ts'
import { canShare, failingPart, joinStatements } from './statement-batch.ts'
import { toRows } from './to-rows.ts'
import { knownTypeNames, learnTypeNames } from './type-names.ts'
import { waitForOldSnapshots } from './wait-for-old-snapshots.ts'

type Result = QueryArrayResult<unknown[]>

/** One PostgreSQL connection. See Session for what it promises. */
export class PostgresSession implements Session {
  readonly #client: Client
  readonly #config: ClientConfig
  readonly #connection: Connection
  readonly #folder: string
  readonly #typeNames = knownTypeNames()
  /** Commands that the server has completed; tells which statement of a batch failed. */
  #completedCount = 0
  /** Where the server says that the session stands: `I` in no transaction, `T` in one, `E` in one that has failed. */
  #stands = 'I'

  constructor({ client, config }: OpenedClient, connection: Connection, folder: string) {
    this.#client = client
    this.#config = config
    this.#connection = connection
    this.#folder = folder
    client.connection.on('commandComplete', () => {
      this.#completedCount += 1
    })
    client.connection.on('readyForQuery', ({ status }: { readonly status: string }) => {
      this.#stands = status
    })
  }

  async lock(key: string, wait: boolean, signal?: AbortSignal): Promise<boolean> {
    // Written out and not bound: a bound query takes half again as long, and there are two for every step.
    const taken = `hashtextextended(${literal(key)}, 0)`
    const sql = wait
      ? `select true from (select pg_advisory_lock(${taken})) as taken`
      : `select pg_try_advisory_lock(${taken})`
    const { rows } = await this.#send({ purpose: 'lock', sql }, signal)
    return rows[0]?.[0] === true
  }

  async unlock(key: string): Promise<void> {
    await this.#send(unlockStatement(key))
  }

  async query(statement: Statement, signal?: AbortSignal): Promise<Rows> {
    const result = await this.#send(statement, signal)
    refuseRows(statement, result)
    return await this.#rowsOf(result)
  }

  async transaction(
    transaction: Transaction,
    signal?: AbortSignal,
    release?: string,
  ): Promise<Outcome> {
    if (transaction.isolation === 'none') {
      for (const statement of transaction.statements) {
        await this.#send(statement, signal)
        if (this.#stands === 'I') continue
        await this.#rollBack()
        throw leftOpen(statement)
      }
      if (release !== undefined) await this.unlock(release)
      return { counts: {}, rows: undefined }
    }
    const counts: Counts = {}
    let rows: Rows | undefined
    let batch: Statement[] = beginning(transaction)
    const flush = async (): Promise<readonly Result[]> => {
      const sent = batch
      batch = []
      const results = sent.length === 0 ? [] : await this.#sendBatch(joinStatements(sent), signal)
      for (const [i, statement] of sent.entries()) addCounts(counts, statement, results[i])
      return results
    }
    try {
      for (const statement of transaction.statements) {
        if (!canShare(statement)) {
          await flush()
          const result = await this.#send(statement, signal)
          if (this.#stands !== 'T') throw endedWithin(statement)
          addCounts(counts, statement, result)
          checkAnswer(statement, result)
          if (statement.returnsRows === true) rows = await this.#rowsOf(result)
          continue
        }
        // What is told the counts waits for those that are still under way.
        if (statement.binds === 'counts' && batch.some((sent) => sent.counts !== undefined))
          await flush()
        batch.push(statement.binds === 'counts' ? withCounts(statement, counts) : statement)
        if (statement.guard === undefined && statement.refusal === undefined) continue
        // Nothing may run after a guard before its answer is known.
        checkAnswer(statement, (await flush()).at(-1))
      }
      batch.push(COMMIT, ...(release === undefined ? [] : [unlockStatement(release)]))
      await flush()
    } catch (error) {
      await this.#rollBack()
      throw error
    }
    return { counts, rows }
  }

  async waitForOldSnapshots(
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly done: boolean; readonly holders: readonly SnapshotHolder[] }> {
    try {
      return await waitForOldSnapshots(this.#client, timeoutMs, signal)
    } catch (error) {
      if (isAbort(error)) throw error
      throw explainError(error, { connection: this.#connection })
    }
  }

  async reset(): Promise<void> {
    await this.#send(RESET)
  }

  async resetSettings(): Promise<void> {
    await this.#send(RESET_SETTINGS)
  }

  async close(): Promise<void> {
    await endClient(this.#client)
  }

  async #send(statement: Statement, signal?: AbortSignal): Promise<Result> {
    return await this.#cancellable(
      async () => await this.#execute(statement),
      async (error) =>
        explainError(error, {
          connection: this.#connection,
          statement,
          copyLine: await brokenLine(statement, this.#folder, error),
        }),
      signal,
    )
  }

  async #execute(statement: Statement): Promise<Result> {
    const { sql, binds, copyFrom } = statement
    if (copyFrom !== undefined) {
      const rowCount = await copyFile(this.#client, sql, copyFrom.file, this.#folder)
      return { command: 'COPY', rowCount, oid: 0, fields: [], rows: [] }
    }
    if (binds === undefined) return (await this.#simpleQueries(sql)).at(-1) ?? NO_RESULT
    const values = binds === 'counts' ? ['{}'] : [...binds]
    return await this.#client.query<unknown[]>({ text: sql, rowMode: 'array' }, values)
  }

  /**
   * Without bindings pg sends the text as it is: no `?` and no `$1` in it means anything to the driver.
   * @returns one result for each command of the text.
   */
  async #simpleQueries(text: string): Promise<readonly Result[]> {
    const result: Result | readonly Result[] = await this.#client.query<unknown[]>({
      text,
      rowMode: 'array',
    })
    // pg gives a list for a text of several commands, which its types do not tell.
    return Array.isArray(result) ? (result as readonly Result[]) : [result]
  }

  /** @returns one result for each part. */
  async #sendBatch(batch: Batch, signal?: AbortSignal): Promise<readonly Result[]> {
    const before = this.#completedCount
    return await this.#cancellable(
      async () => await this.#simpleQueries(batch.text),
      (error) => {
        const part = failingPart(batch, positionOf(error), this.#completedCount - before)
        return explainError(error, {
          connection: this.#connection,
          statement: part?.statement,
          offset: part?.offset ?? 0,
        })
      },
      signal,
    )
  }

  /**
   * Runs something on the connection; an abort cancels it in the server. Returns only when the cancel requests are
   * through as well, so that none of them can hit what is sent next.
   */
  async #cancellable<T>(
    work: () => Promise<T>,
    explain: (error: unknown) => GmError | Promise<GmError>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (signal?.aborted === true) throw abortError()
    let isSettled = false
    let cancelling: Promise<void> | undefined
    const onAbort = (): void => {
      cancelling = this.#cancel(() => isSettled)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await work()
    } catch (error) {
      if (cancelling !== undefined && sqlStateOf(error) !== '57P01') throw abortError()
      throw await explain(error)
    } finally {
      isSettled = true
      signal?.removeEventListener('abort', onAbort)
      await cancelling
    }
  }

  async #cancel(isSettled: () => boolean): Promise<void> {
    // Not in @types/pg; the server sent both at the session's start.
    const key = this.#client as unknown as BackendKey
    const hasEnded = await cancelQuery(key, this.#config, isSettled)
    // Nobody there to take the request: let go of the socket. The server's own liveness check does the rest.
    if (!hasEnded) this.#client.connection.stream.destroy()
  }

  async #rollBack(): Promise<void> {
    try {
      // A cancel that reached the backend late may hit the first of them.
      await this.#client.query('rollback').catch(() => this.#client.query('rollback'))
    } catch {
      // Whatever state the transaction is in, the connection's end ends it.
      this.#client.connection.stream.destroy()
    }
  }

  async #rowsOf(result: Result): Promise<Rows> {
    const oids = result.fields.map((field) => field.dataTypeID)
    await learnTypeNames(this.#client, this.#typeNames, oids)
    return toRows(result, this.#typeNames)
  }
}

/** What has no `begin` that could be read before: its text has another form, or the user's own function sent it. */
function endedWithin(statement: Statement): GmError {
  const error = new GmError(
    'GM3009',
    `the ${statement.purpose} has ended the transaction that it was sent in`,
    {
      hint: 'gm begins and ends that transaction, and what came before was ended with it: leave its end out, or let a hook run outside of it, with transaction: false.',
    },
  )
  return attachSqlError(error, { sqlState: '2D000', offset: undefined, statement })
}

function leftOpen(statement: Statement): GmError {
  const error = new GmError('GM3009', `the ${statement.purpose} leaves a transaction open`, {
    hint: 'It was rolled back. What a hook with transaction: false begins, it has to commit.',
  })
  return attachSqlError(error, { sqlState: '25001', offset: undefined, statement })
}

type Counts = { -readonly [K in keyof RowCounts]: NonNullable<RowCounts[K]> }

const COUNT_NAMES = ['extracted', 'inserted', 'updated', 'deleted'] as const

/** What goes before a transaction's own statements, in the round trip of the first of them that may share it. */
function beginning({ isolation, locks, lockTimeoutMs }: Transaction): Statement[] {
  const timeout =
    lockTimeoutMs === undefined
      ? []
      : [{ purpose: 'begin', sql: `set local lock_timeout = ${Math.ceil(lockTimeoutMs)}` }]
  return [
    { purpose: 'begin', sql: `begin isolation level ${isolation}` },
    ...timeout,
    ...lockTables(locks).map((sql) => ({ purpose: 'lock', sql })),
  ]
}

/** @throws GmError as refuseRows does; GuardFailed when a guard does not hold. */
function checkAnswer(statement: Statement, result: Result | undefined): void {
  refuseRows(statement, result)
  if (statement.guard === undefined) return
  const [ok, found] = result?.rows[0] ?? []
  if (ok !== true) throw new GuardFailed(statement.guard, found)
}

/** @throws GmError when a statement whose rows must not be returned any. */
function refuseRows(statement: Statement, result: Result | undefined): void {
  const { refusal } = statement
  if (refusal === undefined || result === undefined || result.rows.length === 0) return
  const what = result.rows.map(([words]) => String(words)).join(', ')
  const error = new GmError(refusal.code, `${refusal.message} ${what}`, {
    hint: refusal.hint,
    table: refusal.isTable === true ? tableOf(result) : [],
  })
  throw attachSqlError(error, { sqlState: 'P0001', offset: undefined, statement })
}

/** Names and values in columns. */
function tableOf({ fields, rows }: Result): readonly string[] {
  const lines = [fields.map(({ name }) => name), ...rows.map((row) => row.map(String))]
  const widths = fields.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const NO_RESULT: Result = { command: '', rowCount: 0, oid: 0, fields: [], rows: [] }

function unlockStatement(key: string): Statement {
  return {
    purpose: 'unlock',
    sql: `select pg_advisory_unlock(hashtextextended(${literal(key)}, 0))`,
  }
}

/** What the connection began with, its role included, which a reset of the session's user takes away. */
const RESET_SETTINGS: Statement = {
  purpose: 'reset settings',
  sql: 'reset session authorization; reset role; reset all',
}

/** What `discard all` does, but for plans and for what the driver has prepared and will name again. */
const RESET: Statement = {
  purpose: 'reset session',
  sql: `${RESET_SETTINGS.sql}; close all; do $$
declare
  prepared text;
begin
  for prepared in select name from pg_prepared_statements where from_sql loop
    execute format('deallocate %I', prepared);
  end loop;
end
$$; unlisten *; select pg_advisory_unlock_all(); discard temp; discard sequences`,
}

const COMMIT: Statement = { purpose: 'commit', sql: 'commit' }

/** The statement with the counts as a literal: numbers under names of ours, which need no quoting. */
function withCounts(statement: Statement, counts: RowCounts): Statement {
  const sql = statement.sql.replace('$1', () => `'${JSON.stringify(counts)}'`)
  return { purpose: statement.purpose, sql }
}

function addCounts(counts: Counts, statement: Statement, result: Result | undefined): void {
  if (statement.counts === undefined || result === undefined) return
  if (statement.counts !== 'columns') {
    counts[statement.counts] = (counts[statement.counts] ?? 0) + (result.rowCount ?? 0)
    return
  }
  for (const [index, field] of result.fields.entries()) {
    const name = COUNT_NAMES.find((known) => known === field.name)
    const value = result.rows[0]?.[index]
    if (name !== undefined && value !== null && value !== undefined) {
      counts[name] = (counts[name] ?? 0) + Number(value)
    }
  }
}

/** bad_copy_file_format; the server's own line is where the file ended. */
async function brokenLine(
  { copyFrom }: Statement,
  folder: string,
  error: unknown,
): Promise<number | undefined> {
  if (copyFrom === undefined || sqlStateOf(error) !== '22P04') return undefined
  const file = createReadStream(resolve(folder, copyFrom.file)) as AsyncIterable<Buffer>
  return await findBrokenQuote(file, copyFrom.delimiter)
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
