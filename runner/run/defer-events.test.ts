import { expect, test } from 'vitest'
import { deferEvents } from './defer-events.ts'
import type { RunEvent } from './event.ts'

const log = (message: string): RunEvent => ({ type: 'log', level: 'info', message })

test('what a receiver throws in a later turn is thrown at the next event, and no more are given on', async () => {
  const { emit, flush } = deferEvents(() => {
    throw new Error('disk full')
  })
  emit(log('a'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(() => emit(log('b'))).toThrow('disk full')
  expect(flush).toThrow('disk full')
})

test('events come in their order, in a later turn, and each once', async () => {
  const given: string[] = []
  const { emit, flush } = deferEvents((event) => {
    if (event.type === 'log') given.push(event.message)
  })
  emit(log('a'))
  emit(() => log('b'))
  expect(given).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(given).toEqual(['a', 'b'])
  emit(log('c'))
  flush()
  expect(given).toEqual(['a', 'b', 'c'])
  await new Promise((resolve) => setImmediate(resolve))
  expect(given).toEqual(['a', 'b', 'c'])
})
