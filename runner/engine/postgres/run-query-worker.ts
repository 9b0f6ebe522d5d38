import type { MessagePort } from 'node:worker_threads'
import { workerData } from 'node:worker_threads'
import type { Client } from 'pg'
import { ensureNavigator } from '../../base/ensure-navigator.ts'
import { GmError } from '../../base/error.ts'
import { explainError } from './explain-error.ts'
import { openClient } from './open-client.ts'
import type { QueryRows, WorkerAnswer, WorkerInput } from './run-query.ts'

ensureNavigator()
const { connection, timeoutMs, isReadOnly, ready, port } = workerData as WorkerInput & {
  port: MessagePort
}

let client: Client | undefined

port.on('message', (sql: string | null) => {
  if (sql === null) void close()
  else void answerQuery(sql)
})

async function answerQuery(sql: string): Promise<void> {
  const answer: WorkerAnswer = await query(sql).then(
    (rows) => ({ rows }),
    (error: unknown) =>
      error instanceof GmError
        ? { error: { code: error.code, message: error.message, hint: error.hint } }
        : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) },
  )
  port.postMessage(answer)
  Atomics.store(ready, 0, 1)
  Atomics.notify(ready, 0)
}

async function query(sql: string): Promise<QueryRows> {
  client ??= await open()
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    // A text of several commands gives a list, which the types of pg do not tell.
    const last = (Array.isArray(result) ? result.at(-1) : result) as typeof result
    return {
      columns: last.fields.map((field) => field.name),
      rows: last.rows.map((row) =>
        row.map((value, i) => toNumber(value, last.fields[i]?.dataTypeID)),
      ),
    }
  } catch (error) {
    const statement = { purpose: 'run_query', sql }
    const explained = explainError(error, { connection, statement })
    if (explained.code === 'GM4004') client = undefined
    throw explained
  }
}

async function open(): Promise<Client> {
  const opened = await openClient(connection, {
    // Not called gm: this session takes no locks, so a swap must wait for it as for any other reader.
    applicationName: 'gm-compile',
    settings: {
      ...(isReadOnly && { default_transaction_read_only: 'on' }),
      statement_timeout: String(timeoutMs),
    },
  })
  return opened.client
}

const INT8 = 20
const NUMERIC = 1700

/** Templates compute with what they get, where `'5' + 1` would be `'51'`. 15 digits always fit into a double. */
function toNumber(value: unknown, oid: number | undefined): unknown {
  if (typeof value !== 'string' || (oid !== INT8 && oid !== NUMERIC)) return value
  return value.replace(/\D/g, '').length <= 15 && value !== 'NaN' ? Number(value) : value
}

async function close(): Promise<void> {
  await client?.end()
  port.close()
}
