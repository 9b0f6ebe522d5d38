import { describe, expect, test } from 'vitest'
import fc from '../../runner/testing/fast-check.ts'
import { ChunkQueue } from './chunk-queue.ts'
import type { Chunk, DeadRecord } from './landing-row.ts'

function chunk(rows: number, sizeBytes = rows): Chunk {
  const letter: DeadRecord = {
    offset: 0,
    timestampMs: 0,
    value: null,
    reason: 'tombstone',
    message: '',
  }
  const dead = Array.from({ length: rows }, () => letter)
  const at = { topic: 't', partition: 0, epoch: 1, fromOffset: 0, toOffset: rows }
  return { ...at, rows: [], pieces: [], dead, last: undefined, sizeBytes }
}

describe('the queue between reader and flusher', () => {
  test('is full at its rows or its bytes, and has room again when they are taken', () => {
    const queue = new ChunkQueue(10, 100)
    queue.add(chunk(9))
    expect(queue.isFull).toBe(false)
    queue.add(chunk(1))
    expect(queue.isFull).toBe(true)
    queue.take(10)
    expect(queue.isFull).toBe(false)
    queue.add(chunk(1, 100))
    expect(queue.isFull).toBe(true)
    queue.clear()
    expect(queue.isFull).toBe(false)
    expect(queue.isEmpty).toBe(true)
  })

  test('gives every chunk once, in order, and no more rows at a time than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 1, max: 60 }),
        (sizes, most) => {
          const queue = new ChunkQueue(1_000, 1_000)
          const all = sizes.map((size) => chunk(size))
          for (const one of all) queue.add(one)
          const given: Chunk[] = []
          while (!queue.isEmpty) {
            const taken = queue.take(most)
            expect(taken.length).toBeGreaterThan(0)
            const rows = taken.reduce((sum, { dead }) => sum + dead.length, 0)
            if (taken.length > 1) expect(rows).toBeLessThanOrEqual(most)
            given.push(...taken)
          }
          expect(given).toEqual(all)
          expect(queue.isFull).toBe(false)
        },
      ),
    )
  })

  test('wakes who waits for a change', async () => {
    const queue = new ChunkQueue(10, 100)
    const waiting = queue.change(60_000)
    queue.add(chunk(1))
    await waiting
  })
})
