import { createRequire } from 'node:module'
import type * as Threads from 'node:worker_threads'
import type { MessagePort, Worker, WorkerOptions } from 'node:worker_threads'
import type { Code } from '../../base/codes.ts'
import { GmError } from '../../base/error.ts'
import type { Connection } from '../../project/project.ts'

export interface QueryRows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** Most templates never ask: 5 ms of a short command. */
const loadThreads = (): typeof Threads =>
  createRequire(import.meta.url)('node:worker_threads') as typeof Threads

/** What the worker is started with. */
export interface WorkerInput {
  readonly connection: Connection
  readonly timeoutMs: number
  readonly isReadOnly: boolean
  /** Raised to 1 when an answer is on its way. */
  readonly ready: Int32Array
}

export type WorkerAnswer =
  | { readonly rows: QueryRows }
  | {
      readonly error: {
        readonly code: Code
        readonly message: string
        readonly hint: string | undefined
      }
    }
  | { readonly bug: string }

export interface RunQueryOptions {
  readonly timeoutMs?: number
  /** Default true: a model's template must change nothing. */
  readonly isReadOnly?: boolean
}

/** Long enough for any look-up that a template should make; the main thread hears no signal meanwhile. */
const TIMEOUT_MS = 60_000

/**
 * `run_query()` for templates: rendering is synchronous, so the query runs in a worker while this thread sleeps on a
 * shared counter. One connection, read-only unless told otherwise, opened by the first query; nothing is started before.
 *
 * Numbers come as numbers where a double holds all their digits and as text where not; null as null.
 * @throws GmError GM4… for what the database refuses, without a place; GM4014 after `timeoutMs`.
 */
export function createRunQuery(
  connection: Connection,
  options: RunQueryOptions = {},
): { readonly runQuery: (sql: string) => QueryRows; readonly close: () => Promise<void> } {
  const { timeoutMs = TIMEOUT_MS, isReadOnly = true } = options
  let running: { readonly worker: Worker; readonly port: MessagePort } | undefined
  const ready = new Int32Array(new SharedArrayBuffer(4))

  function start(): { readonly worker: Worker; readonly port: MessagePort } {
    const { MessageChannel } = loadThreads()
    const { port1: port, port2: workerPort } = new MessageChannel()
    const input: WorkerInput = {
      // The password is not enumerable, so a copy of the object would lack it.
      connection: { ...connection, password: connection.password },
      timeoutMs,
      isReadOnly,
      ready,
    }
    const worker = startWorker({
      workerData: { ...input, port: workerPort },
      transferList: [workerPort],
    })
    // A forgotten close() must not keep gm alive.
    worker.unref()
    port.unref()
    return { worker, port }
  }

  return {
    runQuery(sql) {
      running ??= start()
      const { port } = running
      Atomics.store(ready, 0, 0)
      port.postMessage(sql)
      // The server ends the query at its time limit; this one is for a server that does not answer at all.
      const limitMs = timeoutMs + connection.connectTimeoutMs + 5_000
      if (Atomics.wait(ready, 0, 0, limitMs) === 'timed-out') {
        throw new GmError('GM4014', `the query had no answer within ${limitMs} ms`)
      }
      const answer = loadThreads().receiveMessageOnPort(port)?.message as WorkerAnswer | undefined
      if (answer === undefined) throw new Error('the query worker has died')
      if ('rows' in answer) return answer.rows
      if ('bug' in answer) throw new Error(answer.bug)
      const { code, message, hint } = answer.error
      throw new GmError(code, message, { hint })
    },

    async close() {
      if (running === undefined) return
      const { worker, port } = running
      running = undefined
      const hasEnded = new Promise((resolve) => worker.once('exit', resolve))
      // Nothing else may be left to keep the process until then.
      worker.ref()
      port.postMessage(null)
      await hasEnded
      port.close()
    },
  }
}

/**
 * The worker's file: JavaScript beside the compiled runQuery. Run from source (tsx, vitest) it is TypeScript, which a
 * new thread of Node 20 reads only after tsx is registered in it.
 */
function startWorker(options: WorkerOptions): Worker {
  const { Worker } = loadThreads()
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('run-query-worker.cjs', import.meta.url), options)
  }
  const file = new URL('run-query-worker.ts', import.meta.url).href
  const code = `import('tsx/esm/api')
    .then(({ register }) => { register(); return import('${file}') })
    .catch((error) => {
      // The parent sleeps and would hear of no event.
      const { port, ready } = require('node:worker_threads').workerData
      port.postMessage({ bug: error.stack })
      Atomics.store(ready, 0, 1)
      Atomics.notify(ready, 0)
    })`
  // None of the parent's flags: tsx's own would register it twice.
  return new Worker(code, { ...options, eval: true, execArgv: [] })
}
