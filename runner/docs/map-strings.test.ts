import { expect, test } from 'vitest'
import { mapStrings } from './map-strings.ts'

const HIDE = (text: string): string => text.replaceAll('hunter2', '***')

test('every text is changed at any depth, in lists and objects, and nothing else is', () => {
  const value = { a: ['hunter2', 1, null, { b: 'x hunter2', c: true }], hunter2: undefined }
  expect(mapStrings(value, HIDE)).toEqual({
    a: ['***', 1, null, { b: 'x ***', c: true }],
    hunter2: undefined,
  })
  expect(value.a[0]).toBe('hunter2')
})

test('a key called __proto__ is one like any other', () => {
  const value: unknown = JSON.parse(
    '{"__proto__": "hunter2", "a": {"__proto__": {"b": "hunter2"}}}',
  )
  expect(JSON.stringify(mapStrings(value, HIDE))).toBe(
    '{"__proto__":"***","a":{"__proto__":{"b":"***"}}}',
  )
})

test('what holds no text that changes is given back as it is', () => {
  const value = { kept: { a: ['b'] }, other: 'hunter2' }
  expect(mapStrings(value, HIDE).kept).toBe(value.kept)
  expect(mapStrings(value.kept, HIDE)).toBe(value.kept)
})
