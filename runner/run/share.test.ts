import { expect, test } from 'vitest'
import { shareWork } from './share.ts'

test('Pieces are done by whoever asks, each once, and the owner waits for the last', async () => {
  const done: string[] = []
  let offered = 0
  const shared = shareWork<string>(() => (offered += 1))
  const gates = Array.from({ length: 4 }, () => {
    let open = (): void => undefined
    const promise = new Promise<void>((resolve) => (open = resolve))
    return { promise, open }
  })
  const pieces = gates.map(({ promise }, i) => async (worker: string) => {
    await promise
    done.push(`${i} by ${worker}`)
  })
  let isOver = false
  const owner = shared.doAll(pieces, 'owner').then(() => (isOver = true))
  expect(offered).toBe(1)
  const helper = shared.help('helper')
  gates[0]?.open()
  gates[2]?.open()
  gates[3]?.open()
  await new Promise(setImmediate)
  expect(done).toEqual(['0 by owner', '2 by owner', '3 by owner'])
  expect([isOver, shared.hasWork()]).toEqual([false, false])
  gates[1]?.open()
  expect(await helper).toBe(true)
  await owner
  expect(done).toContain('1 by helper')
  expect(await shared.help('helper')).toBe(false)
})

test('A piece that loses the owner its session ends the work: what nobody has begun is left', async () => {
  const shared = shareWork<string>(() => undefined)
  const begun: number[] = []
  const pieces = [0, 1, 2].map((i) => async () => {
    begun.push(i)
    if (i === 1) await Promise.reject(new Error('lost'))
  })
  await expect(shared.doAll(pieces, 'owner')).rejects.toThrow('lost')
  expect(begun).toEqual([0, 1])
  expect(shared.hasWork()).toBe(false)
})
