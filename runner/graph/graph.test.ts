import { describe, expect, test } from 'vitest'
import type { NodeId } from '../manifest/node.ts'
import fc from '../testing/fast-check.ts'
import { findCycles } from './find-cycles.ts'
import type { Graph } from './graph.ts'
import { makeGraph } from './graph.ts'
import { reach } from './reach.ts'

const id = (i: number): NodeId => `model.p.m${String(i).padStart(5, '0')}` as NodeId

/** Any graph: a list of up to three parents for each node, cycles and all. */
const anyGraph = fc.integer({ min: 1, max: 25 }).chain((size) =>
  fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), {
    minLength: size,
    maxLength: size,
  }),
)

/** The same without cycles: nodes read only nodes with smaller numbers. */
const acyclic = anyGraph.map((lists) =>
  lists.map((parents, i) => [...new Set(parents.filter((parent) => parent < i))]),
)

function graphOf(lists: readonly (readonly number[])[]): Graph {
  return makeGraph(new Map(lists.map((parents, i) => [id(i), parents.map(id)])))
}

const chain = (length: number): number[][] =>
  Array.from({ length }, (_, i) => (i === 0 ? [] : [i - 1]))

describe('order', () => {
  test('has every node of a graph without cycles once, after all its parents', () => {
    fc.assert(
      fc.property(acyclic, (lists) => {
        const graph = graphOf(lists)
        const at = new Map(graph.order.map((node, i) => [node, i]))
        expect(at.size).toBe(lists.length)
        for (const node of graph.order) {
          for (const parent of graph.parents(node)) {
            expect(at.get(parent)).toBeLessThan(at.get(node) ?? -1)
          }
        }
      }),
    )
  })

  test('leaves out exactly the nodes that are on a cycle or below one', () => {
    fc.assert(
      fc.property(anyGraph, (lists) => {
        const graph = graphOf(lists)
        const isOnCycle = (node: NodeId): boolean =>
          reach(graph, graph.parents(node), 'up').has(node)
        const onCycles = lists.map((_, i) => id(i)).filter(isOnCycle)
        const expected = reach(graph, onCycles, 'down')
        const missing = lists.map((_, i) => id(i)).filter((node) => !graph.order.includes(node))
        expect(new Set(missing)).toEqual(expected)
      }),
    )
  })

  test('of a chain of 20,000 nodes needs no stack', () => {
    const graph = graphOf(chain(20_000))
    expect(graph.order).toHaveLength(20_000)
    expect(reach(graph, [id(19_999)], 'up').size).toBe(20_000)
  })
})

describe('findCycles', () => {
  const cyclesOf = (lists: number[][]): NodeId[][] =>
    findCycles(
      graphOf(lists),
      lists.map((_, i) => id(i)),
    )

  test('finds something exactly when the order is incomplete, and each is a cycle of distinct nodes', () => {
    fc.assert(
      fc.property(anyGraph, (lists) => {
        const graph = graphOf(lists)
        const cycles = cyclesOf(lists)
        expect(cycles.length > 0).toBe(graph.order.length < graph.size)
        for (const cycle of cycles) {
          expect(new Set(cycle).size).toBe(cycle.length)
          for (const [i, node] of cycle.entries()) {
            expect(graph.parents(node)).toContain(cycle[(i + 1) % cycle.length])
          }
        }
      }),
    )
  })

  test('walks a cycle of 20,000 nodes', () => {
    const lists = chain(20_000)
    lists[0] = [19_999]
    expect(cyclesOf(lists)[0]).toHaveLength(20_000)
  })
})

describe('reach', () => {
  test('up and down are each other’s mirror', () => {
    fc.assert(
      fc.property(anyGraph, (lists) => {
        const graph = graphOf(lists)
        const ids = lists.map((_, i) => id(i))
        for (const a of ids) {
          for (const b of reach(graph, [a], 'down')) {
            expect(reach(graph, [b], 'up').has(a)).toBe(true)
          }
        }
      }),
    )
  })

  test('with a depth is that many single steps', () => {
    fc.assert(
      fc.property(anyGraph, fc.nat(4), (lists, depth) => {
        const graph = graphOf(lists)
        let steps = new Set([id(0)])
        for (let i = 0; i < depth; i++) steps = reach(graph, steps, 'down', 1)
        expect(reach(graph, [id(0)], 'down', depth)).toEqual(steps)
      }),
    )
  })
})
