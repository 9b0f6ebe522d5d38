import { describe, expect, test } from 'vitest'
import type { NodeId } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import { memoryBytes, memoryProject, parseTexts } from '../testing/memory-project.ts'
import type { CompilableNode } from './compile-node.ts'
import { compileNode } from './compile-node.ts'
import type { Compiled, CompileState } from './compiled.ts'
import { keptCompiled } from './kept-compiled.ts'

const MACROS = {
  'macros/m.sql': `{% macro when() %}{{ run_started_at }}{% endmacro %}
{% macro say() %}{{ log('hello', info=true) }}{% endmacro %}
{% macro plain(x) %}{{ x }} + 1{% endmacro %}`,
}

function inShop(text: string) {
  const texts = { ...MACROS, 'models/a.sql': 'select 1 as id', 'models/m.sql': text }
  const project = memoryProject({ vars: { day: 'monday' } })
  const { manifest, templates, fingerprint } = parseTexts(texts, { vars: { day: 'monday' } })
  const node = manifest.nodes.get('model.shop.m' as NodeId) as CompilableNode
  const state: CompileState = {
    isIncremental: false,
    vars: project.vars,
    runQuery: () => ({ columns: ['n'], rows: [[1]] }),
    changes: () => '(select * from news)',
    changedKeys: () => '(select id from keys)',
  }
  return { texts, project, manifest, templates, fingerprint, node, state }
}

type Shop = ReturnType<typeof inShop>

/** Compiles in two runs, one after the other. @returns what the second gives, and whether it had to render. */
function secondRun(
  first: Shop,
  second: Partial<Shop> = {},
): { compiled: Compiled; isKept: boolean } {
  const store = memoryBytes()
  const run = ({ node, manifest, project, templates, state, fingerprint }: Shop, of: Shop) => {
    let rendered = 0
    const asked = () => {
      rendered += 1
      return templates
    }
    const kept = keptCompiled(store, { fingerprint, manifest: of.manifest, project: of.project })
    const compiled = kept.compile(node, manifest, project, asked, state)
    kept.close()
    return { compiled, isKept: rendered === 0 }
  }
  run(first, first)
  return run({ ...first, ...second }, first)
}

describe('what a node compiles to is kept', () => {
  test.each([
    'select 1',
    "select * from {{ ref('a') }}",
    "select '{{ var('day') }}', {{ plain(2) }}",
    "{% if is_incremental() %}select 1{% else %}select 2 from {{ ref('a') }}{% endif %}",
    "select '{{ target.schema }}', '{{ this }}', {{ graph.nodes | length }}",
  ])('where the project alone decides it: %s', (text) => {
    const shop = inShop(text)
    const { compiled, isKept } = secondRun(shop)
    const { node, manifest, project, templates, state } = shop
    const anew = compileNode(node, manifest, project, templates, state)
    expect(isKept).toBe(true)
    expect({ ...compiled, lines: compiled.lines.segments }).toEqual({
      ...anew,
      lines: anew.lines.segments,
    })
  })
})

describe('a node is rendered in every run', () => {
  test.each([
    ['asks the database', "select {{ run_query('select 1').rows | length if execute else 0 }}"],
    ['asks the catalog', "select {{ adapter.get_columns_in_relation(ref('a')) | length }}"],
    ['asks by a statement', "{% call statement('x') %}select 1{% endcall %}select 1"],
    ['says something', "{{ log('hello', info=true) }}select 1"],
    ['warns', "{% do exceptions.warn('oh') %}select 1"],
    ['says something in a macro', '{{ say() }}select 1'],
    ['reads the time of the run', "select '{{ run_started_at }}'"],
    ['reads the time in a macro', "select '{{ when() }}'"],
    ['reads the clock', "select '{{ modules.datetime.datetime.now() }}'"],
    ['reads the id of the run', "select '{{ invocation_id }}'"],
    [
      'has another SQL for what is new',
      "{{ config(materialized='incremental') }} select {{ 1 if is_incremental() else 2 }}",
    ],
  ])('when it %s', (_what, text) => {
    expect(secondRun(inShop(text)).isKept).toBe(false)
  })

  const shop = inShop("select * from {{ ref('a') }}")
  const copy = (given: Partial<Project>): Project => ({ ...shop.project, ...given })
  test.each<[string, Partial<Shop>]>([
    ['a project of another hash, as of another gm or environment', { fingerprint: 'another' }],
    ['another manifest, as of names that are deferred to', { manifest: { ...shop.manifest } }],
    ['other settings, as of another day', { project: copy({ vars: { day: 'tuesday' } }) }],
    ['a full refresh', { state: { ...shop.state, isFullRefresh: true } }],
    ['no rows', { state: { ...shop.state, isEmpty: true } }],
    ['other variables', { state: { ...shop.state, vars: { day: 'tuesday' } } }],
    [
      'a span of time',
      { state: { ...shop.state, window: { start: new Date(0), end: new Date(1) } } },
    ],
  ])('for %s', (_what, second) => {
    expect(secondRun(shop).isKept).toBe(true)
    expect(secondRun(shop, second).isKept).toBe(false)
  })
})
