import { expect, test } from 'vitest'
import { gmErrorsOf } from '../base/error.ts'
import type { NodeId } from '../manifest/node.ts'
import { memoryProject, parseTexts } from '../testing/memory-project.ts'
import { checkDraftConfig } from './check-draft-config.ts'

const { manifest, templates } = parseTexts({ 'models/orders.sql': 'select 1 as id' })

/** The codes and places of what is wrong with another text of the model. */
function mistakes(rawCode: string): readonly string[] {
  const node = manifest.nodes.get('model.shop.orders' as NodeId)
  if (node?.kind !== 'model') throw new Error('no such model')
  try {
    checkDraftConfig({ ...node, rawCode }, memoryProject(), templates)
    return []
  } catch (thrown) {
    return (gmErrorsOf(thrown) ?? []).map(({ code, at }) => `${code} ${at?.line}:${at?.column}`)
  }
}

test.each([
  ["{{ config(materialized='table', tags=['daily']) }} select 1", []],
  ["\n{{ config(materialised='table') }} select 1", ['GM1002 2:11']],
  ["{{ config(materialized='tabel') }} select 1", ['GM1003 1:24']],
  [
    "{{ config(\n  materialized='tabel',\n  tags=['a', 2],\n  colour='blue'\n) }} select 1",
    ['GM1003 2:16', 'GM1003 3:14', 'GM1002 4:3'],
  ],
  ["{{ config(contract={'enforced': 'yes'}) }} select 1", ['GM1003 1:33']],
  ["{{ config({'materialised': 'table'}) }} select 1", ['GM1002 1:12']],
  ["{% set given = {'a': 1} %}{{ config(**given) }} select 1", ['GM1002 1:39']],
  ["{{ config(tags='é') }}{{ config(colour='blue') }} select 1", ['GM1002 1:33']],
  ["{{ config('table') }} select 1", ['GM2008 1:4']],
  ['select {{ no_such_macro() }}', ['GM2005 1:11']],
])('%s has the mistakes %j', (text, expected) => {
  expect(mistakes(text)).toEqual(expected)
})
