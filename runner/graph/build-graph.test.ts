import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import { idOf, manifestOf } from '../testing/manifest-of.ts'
import { buildGraph } from './build-graph.ts'

function cyclesOf(sketches: Parameters<typeof manifestOf>[0]) {
  try {
    buildGraph(manifestOf(sketches))
  } catch (thrown) {
    return gmErrorsOf(thrown) ?? []
  }
  return []
}

test('a project without cycles gives parents and children of every node', () => {
  const graph = buildGraph(
    manifestOf({ a: {}, b: { reads: ['a'] }, c: { reads: ['a', 'b'] }, seed: { kind: 'seed' } }),
  )
  expect(graph.size).toBe(4)
  expect(graph.parents(idOf('c'))).toEqual([idOf('a'), idOf('b')])
  expect(graph.children(idOf('a'))).toEqual([idOf('b'), idOf('c')])
})

test('a cycle is GM2006 with its exact path and the places of the refs that make it', () => {
  const [error, ...others] = cyclesOf({
    root: {},
    a: { reads: ['root', 'b'] },
    b: { reads: ['c'], file: 'models/staging/b.sql' },
    c: { reads: ['a'] },
    below: { reads: ['c'] },
  })
  expect(others).toEqual([])
  expect(error).toMatchObject({
    code: 'GM2006',
    message: 'models depend on each other: a → b → c → a',
    at: { file: 'models/a.sql', line: 3, column: 6 },
    hint: 'Remove one of these: a reads b at models/a.sql:3:6; b reads c at models/staging/b.sql:2:6; c reads a at models/c.sql:2:6.',
  })
})

test('a model that reads itself is a cycle of one', () => {
  expect(cyclesOf({ a: { reads: ['a'] } })[0]?.message).toBe('models depend on each other: a → a')
})

test('two cycles are reported together', () => {
  const errors = cyclesOf({
    a: { reads: ['b'] },
    b: { reads: ['a'] },
    x: { reads: ['y', 'b'] },
    y: { reads: ['x'] },
  })
  expect(errors.map((error) => error.message)).toEqual([
    'models depend on each other: a → b → a',
    'models depend on each other: x → y → x',
  ])
})

test('a dependency on a node that is switched off is left out', () => {
  const manifest = manifestOf({ off: { config: { enabled: false } }, a: { reads: ['off'] } })
  expect(buildGraph(manifest).parents(idOf('a'))).toEqual([])
})
