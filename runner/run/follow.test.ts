import { expect, test } from 'vitest'
import { Doorbell } from './doorbell.ts'
import type { RunResult } from './event.ts'
import type { FollowEvent } from './follow.ts'
import { follow } from './follow.ts'

function resultOf(status: RunResult['status'], stepStatus: 'success' | 'reused'): RunResult {
  const step = { status: stepStatus } as RunResult['steps'][number]
  return {
    runId: 'r',
    command: 'run',
    startedAt: new Date(0),
    durationMs: 1,
    status,
    steps: [step],
  }
}

/** Follows until `runs` of them have been asked for. */
async function followFor(
  runs: number,
  run: (nth: number, doorbell: Doorbell) => Promise<RunResult>,
): Promise<{ events: FollowEvent[]; longestOverlap: number }> {
  const controller = new AbortController()
  const doorbell = new Doorbell()
  const events: FollowEvent[] = []
  let nth = 0
  let running = 0
  let longestOverlap = 0
  await follow({
    run: async () => {
      running += 1
      longestOverlap = Math.max(longestOverlap, running)
      nth += 1
      if (nth === runs) controller.abort()
      try {
        return await run(nth, doorbell)
      } finally {
        running -= 1
      }
    },
    doorbell,
    tickMs: 5,
    now: () => new Date(nth),
    tell: (event) => events.push(event),
    signal: controller.signal,
  })
  return { events, longestOverlap }
}

test('landings that come during a run are for one next run, and runs never overlap', async () => {
  const { events, longestOverlap } = await followFor(4, async (nth, doorbell) => {
    if (nth === 1) for (let i = 0; i < 100; i++) doorbell.ring(new Date(1_000 + i))
    await Promise.resolve()
    return resultOf('success', nth === 2 ? 'success' : 'reused')
  })
  expect(longestOverlap).toBe(1)
  // The first ring counts: that is how long the oldest of them waited.
  expect(events).toEqual([
    expect.objectContaining({ type: 'followed', heardAt: new Date(1_000) }) as unknown,
  ])
})

test('without a landing it runs at every tick, and tells nothing of runs in which nothing was new', async () => {
  const { events } = await followFor(4, () => Promise.resolve(resultOf('success', 'reused')))
  expect(events).toEqual([])
})

test('ticks that find nothing come ever less often, until there is something to do', async () => {
  const waits: number[] = []
  /** Answers at once, and remembers how long it was asked to wait. */
  class CountingDoorbell extends Doorbell {
    override next(timeoutMs: number): Promise<Date | undefined> {
      waits.push(timeoutMs)
      return Promise.resolve(undefined)
    }
  }
  const controller = new AbortController()
  let nth = 0
  await follow({
    run: () => {
      nth += 1
      if (nth === 9) controller.abort()
      return Promise.resolve(resultOf('success', nth === 7 ? 'success' : 'reused'))
    },
    doorbell: new CountingDoorbell(),
    tickMs: 2_000,
    now: () => new Date(nth),
    tell: () => undefined,
    signal: controller.signal,
  })
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 2_000, 2_000])
})

test('failures are tried again after pauses that double, and a success begins anew', async () => {
  const outcomes = ['throw', 'failed', 'success', 'failed', 'success'] as const
  const { events } = await followFor(5, (nth) => {
    const outcome = outcomes[nth - 1] ?? 'success'
    if (outcome === 'throw') return Promise.reject(new Error('the server is away'))
    return Promise.resolve(resultOf(outcome, 'success'))
  })
  expect(
    events.map((event) =>
      event.type === 'followed'
        ? 'ok'
        : `${String(event.error ?? event.result?.status)}: ${event.retryInMs}`,
    ),
  ).toEqual(['Error: the server is away: 500', 'failed: 1000', 'ok', 'failed: 500'])
})
