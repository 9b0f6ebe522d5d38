import { expect, test } from 'vitest'
import type { TableLock } from '../statement.ts'
import { lockTables } from './lock-tables.ts'

const share = (identifier: string): TableLock => ({
  relation: { schema: 's', identifier },
  mode: 'access share',
})
const exclusive = (identifier: string): TableLock => ({
  ...share(identifier),
  mode: 'access exclusive',
})

test('no locks make no statement', () => {
  expect(lockTables([])).toEqual([])
})

test('locks of one mode are one statement in the order of names', () => {
  expect(lockTables([share('c'), share('a'), share('b')])).toEqual([
    'lock table "s"."a", "s"."b", "s"."c" in access share mode',
  ])
})

test('a view is locked without what it reads, in its place in the order', () => {
  expect(lockTables([exclusive('c'), exclusive('a'), { ...exclusive('b'), isView: true }])).toEqual(
    [
      'lock table "s"."a" in access exclusive mode',
      'alter view "s"."b" set schema "s"',
      'lock table "s"."c" in access exclusive mode',
    ],
  )
})

test('two steps that read and swap each other’s tables take them in the same order', () => {
  const tables = (locks: readonly TableLock[]): string[] =>
    lockTables(locks).flatMap((sql) => sql.match(/"s"\."\w"/g) ?? [])
  expect(tables([share('a'), exclusive('b')])).toEqual(tables([share('b'), exclusive('a')]))
})

test('a relation given in both modes is locked once, in the stronger', () => {
  const expected = ['lock table "s"."a" in access exclusive mode']
  expect(lockTables([share('a'), exclusive('a')])).toEqual(expected)
  expect(lockTables([exclusive('a'), share('a')])).toEqual(expected)
})
