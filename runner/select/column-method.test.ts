import { expect, test } from 'vitest'
import { buildGraph } from '../graph/build-graph.ts'
import type { NodeId } from '../manifest/node.ts'
import { parseTexts } from '../testing/memory-project.ts'
import type { ReachOfColumn } from './select-nodes.ts'
import { selectNodes } from './select-nodes.ts'

const { manifest } = parseTexts({
  'models/a.sql': 'select 1 as x, 2 as y',
  'models/b.sql': `select x from {{ ref('a') }}`,
  'models/c.sql': `select y from {{ ref('a') }}`,
})
const graph = buildGraph(manifest)
const B = 'model.shop.b' as NodeId

/** As lineage would say: x of a feeds b. */
const columns: ReachOfColumn = (column, { down }) => {
  if (column !== 'a.x') throw new Error(`asked for ${column}`)
  return ['model.shop.a' as NodeId, ...(down ? [B] : [])]
}

const select = (text: string): readonly string[] =>
  [...selectNodes({ select: [text], manifest, graph, columns }).nodes].sort()

test('column: with a + selects what the lineage gives, and not the other children of the node', () => {
  expect(select('column:a.x')).toEqual(['model.shop.a'])
  expect(select('column:a.x+')).toEqual(['model.shop.a', 'model.shop.b'])
  expect(select('column:a.x+,b')).toEqual(['model.shop.b'])
})

test('column: with a depth, with @, or where no lineage is given is refused', () => {
  for (const text of ['column:a.x+1', '2+column:a.x', '@column:a.x']) {
    expect(() => select(text), text).toThrow(expect.objectContaining({ code: 'GM3002' }))
  }
  expect(() => selectNodes({ select: ['column:a.x'], manifest, graph })).toThrow(
    expect.objectContaining({ code: 'GM3002' }),
  )
})
