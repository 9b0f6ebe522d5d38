import { expect, test } from 'vitest'
import { canShare, failingPart, joinStatements } from './statement-batch.ts'

const statement = (sql: string) => ({ purpose: 'test', sql })

test('a position leads to the statement that it stands in, in code points', () => {
  const batch = joinStatements([statement(`select '🦉'`), statement('select x')])
  const position = Array.from(batch.text).length - 1
  expect(failingPart(batch, position, 0)?.statement.sql).toBe('select x')
  expect(batch.parts[1]?.offset).toBe(Array.from(`select '🦉'\n;\n`).length)
})

test('without a position the number of completed commands tells the statement', () => {
  const batch = joinStatements(['a', 'b', 'c'].map(statement))
  expect(failingPart(batch, undefined, 0)?.statement.sql).toBe('a')
  expect(failingPart(batch, undefined, 2)?.statement.sql).toBe('c')
  expect(failingPart(batch, undefined, 9)?.statement.sql).toBe('c')
})

test('nothing joined is an empty text', () => {
  expect(joinStatements([])).toEqual({ text: '', parts: [] })
})

test.for([
  [{ user: { node: 'model.a.b' as never, offset: 0 } }],
  [{ binds: [1] }],
  [{ returnsRows: true as const }],
  [{ copyFrom: { file: 'a.csv', delimiter: ',', columns: [] } }],
])('a statement with %o goes alone', ([more]) => {
  expect(canShare(statement('select 1'))).toBe(true)
  expect(canShare({ ...statement('select 1'), ...more })).toBe(false)
})

test.for([
  [{ counts: 'inserted' as const }],
  [{ guard: 'as planned' }],
  [{ binds: 'counts' as const }],
])('a statement of gm with %o shares a round trip: its answer is read from the batch', ([more]) => {
  expect(canShare({ ...statement('select 1'), ...more })).toBe(true)
})
