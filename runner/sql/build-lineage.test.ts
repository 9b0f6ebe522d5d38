import { describe, expect, test } from 'vitest'
import type { NodeId } from '../manifest/node.ts'
import type { TextStore } from '../parse/text-store.ts'
import { lineageOf } from '../testing/lineage-of.ts'
import type { ColumnLineage } from './column-lineage.ts'
import { findColumn } from './find-column.ts'
import { nodesOfTrace, traceDownstream, traceUpstream } from './trace-column.ts'

const SEED = { 'seeds/orders.csv': 'id,amount,country\n1,2.5,NL\n' }

/** A node's columns as `name ← node.column kind`. */
function shown({ nodes }: ColumnLineage, id: string): readonly string[] {
  return (nodes.get(id as NodeId)?.columns ?? []).map(
    ({ name, inputs }) =>
      `${name} ← ${inputs.map(({ node, column, kind, via }) => `${node.split('.').at(-1) ?? ''}.${column} ${via ?? kind}`).join(', ')}`,
  )
}

function memoryStore(): TextStore {
  let kept: string | undefined
  return {
    read: () => kept,
    write: (text) => {
      kept = text
    },
  }
}

describe('buildLineage', () => {
  test('a star over a seed stands for the columns of its file', async () => {
    const { lineage } = await lineageOf({
      ...SEED,
      'models/a.sql': `select *, amount * 2 as twice from {{ ref('orders') }} where country = 'NL'`,
    })
    expect(shown(lineage, 'model.shop.a')).toEqual([
      'id ← orders.id copied',
      'amount ← orders.amount copied',
      'country ← orders.country copied',
      'twice ← orders.amount computed',
    ])
    expect(lineage.nodes.get('model.shop.a' as NodeId)).toMatchObject({
      isComplete: true,
      conditions: [{ column: 'country', kind: 'condition', via: 'filter' }],
    })
  })

  test('an ephemeral model is a node of its own between its input and its reader', async () => {
    const { lineage } = await lineageOf({
      ...SEED,
      'models/e.sql': `{{ config(materialized='ephemeral') }} select sum(amount) as total from {{ ref('orders') }}`,
      'models/a.sql': `select total as t from {{ ref('e') }}`,
    })
    expect(shown(lineage, 'model.shop.e')).toEqual(['total ← orders.amount aggregated'])
    expect(shown(lineage, 'model.shop.a')).toEqual(['t ← e.total copied'])
  })

  test('columns of a source that nobody listed can be used by name, and a star over it is told of at its place', async () => {
    const { lineage } = await lineageOf({
      'models/s.yml': 'sources: [{name: raw, tables: [{name: t, columns: [{name: a}]}]}]',
      'models/named.sql': `select a, b from {{ source('raw', 't') }}`,
      'models/star.sql': `select\n  *\nfrom {{ source('raw', 't') }}`,
      'models/after.sql': `select a, z from {{ ref('star') }}`,
    })
    expect(shown(lineage, 'model.shop.named')).toEqual(['a ← t.a copied', 'b ← t.b copied'])
    expect(lineage.nodes.get('model.shop.star' as NodeId)).toMatchObject({
      isComplete: false,
      problems: [
        {
          message: '"*" takes columns that are not all known',
          at: { file: 'models/star.sql', line: 2, column: 3 },
        },
      ],
    })
    expect(shown(lineage, 'model.shop.after')).toEqual(['a ← star.a copied', 'z ← star.z copied'])
    expect(shown(lineage, 'source.shop.raw.t')).toEqual(['a ← ', 'b ← '])
  })

  test('a name that two unknown tables could have is not guessed, and the rest goes on', async () => {
    const { lineage } = await lineageOf({
      'models/s.yml': 'sources: [{name: raw, tables: [{name: t}, {name: u}]}]',
      'models/a.sql': `select t.x,\n  y from {{ source('raw', 't') }} t, {{ source('raw', 'u') }} u`,
    })
    expect(shown(lineage, 'model.shop.a')).toEqual(['x ← t.x copied', 'y ← '])
    const [problem] = lineage.nodes.get('model.shop.a' as NodeId)?.problems ?? []
    expect(problem?.message).toContain(
      '"y" may be a column of a table whose columns are not all known',
    )
    expect(problem?.at).toMatchObject({ line: 2, column: 3 })
  })

  test('SQL that does not parse is a problem of its node alone', async () => {
    const { lineage } = await lineageOf({
      ...SEED,
      'models/bad.sql': `select\n  id from from {{ ref('orders') }}`,
      'models/good.sql': `select id from {{ ref('orders') }}`,
    })
    const [problem] = lineage.nodes.get('model.shop.bad' as NodeId)?.problems ?? []
    expect(problem).toMatchObject({
      message: 'syntax error at or near "from"',
      at: { file: 'models/bad.sql', line: 2, column: 11 },
    })
    expect(shown(lineage, 'model.shop.good')).toEqual(['id ← orders.id copied'])
  })

  test('what has not changed is taken from the cache; other columns upstream are another question', async () => {
    const cache = memoryStore()
    const texts = { ...SEED, 'models/a.sql': `select * from {{ ref('orders') }}` }
    const first = await lineageOf(texts, { cache })
    const refuse = (): never => {
      throw new Error('the parser was asked for')
    }
    const second = await lineageOf(texts, { cache, loadParser: refuse })
    expect(second.lineage).toEqual(first.lineage)
    const more = { ...texts, 'seeds/orders.csv': 'id,amount,country,extra\n1,2.5,NL,x\n' }
    await expect(lineageOf(more, { cache, loadParser: refuse })).rejects.toThrow('asked for')
    const third = await lineageOf(more, { cache })
    expect(shown(third.lineage, 'model.shop.a')).toContain('extra ← orders.extra copied')
  })
})

describe('traces', () => {
  const TEXTS = {
    ...SEED,
    'models/a.sql': `select id, amount as money from {{ ref('orders') }}`,
    'models/b.sql': `select sum(money) as total from {{ ref('a') }} where id > 1`,
    'models/c.sql': `select a.money from {{ ref('a') }} a join {{ ref('b') }} b on b.total > a.id`,
    'tests/t.sql': `select * from {{ ref('b') }} where total < 0`,
  }

  test('downstream follows values and ends at what a column decides', async () => {
    const { manifest, lineage } = await lineageOf(TEXTS)
    const trace = traceDownstream(lineage, findColumn('orders.id', manifest, lineage))
    expect(trace.steps.map(({ to, kind, via }) => [to.node, to.column, via ?? kind])).toEqual([
      ['model.shop.a', 'id', 'copied'],
      ['model.shop.b', undefined, 'filter'],
      ['model.shop.c', undefined, 'join'],
    ])
    expect([...nodesOfTrace(trace)]).not.toContain('test.shop.t')
  })

  test('upstream leads back to the seed, with what decides rows on the way', async () => {
    const { manifest, lineage } = await lineageOf(TEXTS)
    const trace = traceUpstream(lineage, findColumn('b.total', manifest, lineage))
    expect(trace.steps.map(({ from, kind, via }) => [from.node, from.column, via ?? kind])).toEqual(
      [
        ['model.shop.a', 'money', 'aggregated'],
        ['model.shop.a', 'id', 'filter'],
        ['seed.shop.orders', 'amount', 'copied'],
      ],
    )
  })

  test('a test that reads a column belongs to what the column feeds', async () => {
    const { manifest, lineage } = await lineageOf(TEXTS)
    const trace = traceDownstream(lineage, findColumn('orders.amount', manifest, lineage))
    expect([...nodesOfTrace(trace)]).toContain('test.shop.t')
  })

  test('a reader that could not be resolved is told of as uncertain', async () => {
    const { manifest, lineage } = await lineageOf({
      ...TEXTS,
      'models/x.sql': `select nope from {{ ref('a') }}`,
    })
    const { uncertain } = traceDownstream(lineage, findColumn('orders.id', manifest, lineage))
    expect(uncertain).toEqual(['model.shop.x'])
  })

  test('a column or a model that does not exist is refused with the nearest name', async () => {
    const { manifest, lineage } = await lineageOf(TEXTS)
    const ask = (text: string) => (): unknown => findColumn(text, manifest, lineage)
    expect(ask('orders.amout')).toThrow(
      expect.objectContaining({ code: 'GM3013', hint: 'Did you mean "amount"?' }),
    )
    expect(ask('ordes.amount')).toThrow(
      expect.objectContaining({ code: 'GM3013', hint: 'Did you mean "orders"?' }),
    )
    expect(ask('orders')).toThrow('"orders" names no column')
  })
})
