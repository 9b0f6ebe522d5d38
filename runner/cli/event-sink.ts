import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where events go. Sending never waits and never throws: lineage is told beside the work, not in front of it. */
export interface EventSink {
  send(event: object): void
  /** Gives what is still to be sent a moment. @returns in words what did not arrive; undefined when all did */
  close(): Promise<string | undefined>
}

/** One event a line, added to a file. */
export function fileSink(path: string): EventSink {
  let problem: string | undefined
  let fd: number | undefined
  return {
    send: (event) => {
      if (problem !== undefined) return
      try {
        if (fd === undefined) {
          mkdirSync(dirname(path), { recursive: true })
          fd = openSync(path, 'a')
        }
        writeSync(fd, `${JSON.stringify(event)}\n`)
      } catch (error) {
        problem = `cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}`
      }
    },
    close: () => {
      if (fd !== undefined) closeSync(fd)
      return Promise.resolve(problem)
    },
  }
}

export interface HttpOptions {
  readonly url: string
  readonly apiKey?: string | undefined
  /** For one request, and for all that is left at the end. */
  readonly timeoutMs?: number
}

/** Beyond this many that wait, later ones are dropped: an endpoint that hangs must not cost memory. */
const QUEUE = 2_000
/** After so many failures in a row nothing more is sent. */
const GIVE_UP_AFTER = 3

/** Sends event by event, in order, in the background. */
export function httpSink({ url, apiKey, timeoutMs = 3_000 }: HttpOptions): EventSink {
  const waiting: object[] = []
  const stopped = new AbortController()
  let lost = 0
  let failuresInARow = 0
  let reason: string | undefined
  let hasAnswered = false
  let working: Promise<void> | undefined

  const post = async (event: object): Promise<void> => {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(timeoutMs)])
    const response = await fetch(url, {
      method: 'POST',
      // A key must not follow to another host.
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(event),
      signal,
    })
    hasAnswered = true
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`it answered ${response.status}`)
  }
  const work = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      if (failuresInARow >= GIVE_UP_AFTER || stopped.signal.aborted) {
        lost += 1
        continue
      }
      try {
        await post(event)
        failuresInARow = 0
      } catch (error) {
        lost += 1
        failuresInARow += 1
        reason ??= reasonOf(error)
      }
    }
    working = undefined
  }
  return {
    send: (event) => {
      if (waiting.length >= QUEUE) {
        lost += 1
        reason ??= 'it is too slow'
        return
      }
      waiting.push(event)
      working ??= work()
    },
    close: async () => {
      const timer = setTimeout(() => {
        // The end may come before the time of the one that is under way is up.
        reason ??= hasAnswered ? 'it is too slow' : 'it does not answer'
        stopped.abort()
      }, timeoutMs)
      await working
      clearTimeout(timer)
      if (lost === 0) return undefined
      const events = lost === 1 ? '1 event' : `${lost} events`
      return `did not arrive at ${new URL(url).host}: ${events}; ${reason ?? 'it gave no reason'}`
    },
  }
}

/** fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'it does not answer'
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  return code ?? cause.message
}
