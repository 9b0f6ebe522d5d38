import { describe, expect, test } from 'vitest'
import type { GmError } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { NodeId } from '../manifest/node.ts'
import { memoryProject, parseTexts } from '../testing/memory-project.ts'
import type { CompilableNode } from './compile-node.ts'
import { compileInline, compileNode } from './compile-node.ts'
import type { Compiled, CompileState } from './compiled.ts'

const STATE: CompileState = {
  isIncremental: false,
  vars: {},
  changes: (_id, { identifier }, of) => `(select * from new_${of ?? 'rows'}_of_${identifier})`,
  changedKeys: (_id, { identifier }, columns, of) =>
    `(select ${columns.join()} from new_${of ?? 'rows'}_of_${identifier})`,
}

function compiled(
  texts: Readonly<Record<string, string>>,
  id: string,
  state: Partial<CompileState> = {},
): Compiled {
  const { manifest, templates } = parseTexts(texts)
  const node = manifest.nodes.get(id as NodeId)
  return compileNode(node as CompilableNode, manifest, memoryProject(), templates, {
    ...STATE,
    ...state,
  })
}

function sqlOf(
  text: string,
  more: Record<string, string> = {},
  state: Partial<CompileState> = {},
): string {
  return compiled({ 'models/m.sql': text, ...more }, 'model.shop.m', state).sql
}

function mistake(
  text: string,
  more: Record<string, string> = {},
  state: Partial<CompileState> = {},
): string {
  try {
    sqlOf(text, more, state)
  } catch (error) {
    const { at, code, message, hint } = error as GmError
    return `${at === undefined ? '' : formatLocation(at)} ${code} ${message} | ${hint ?? ''}`
  }
  throw new Error('no error')
}

/** Where the place of the n-th code point that begins `piece` leads. */
function placeOf(result: Compiled, piece: string): string {
  const offset = Array.from(result.sql.slice(0, result.sql.indexOf(piece))).length
  const at = result.lines.locate(offset)
  return at === undefined ? '' : formatLocation(at)
}

const A = { 'models/a.sql': 'select 1 as id' }

describe('names', () => {
  test('ref and this print quoted relations and have attributes', () => {
    expect(
      sqlOf(
        "select '{{ this.schema }}.{{ this.name }}' from {{ ref('a') }} {{ ref('a').identifier }}",
        A,
      ),
    ).toBe(`select 'public.m' from "public"."a" a`)
  })

  test('run_query gives a table with columns, rows and values', () => {
    const text =
      "{% set r = run_query('select') %}{{ r.columns[0].values() | join('+') }} {{ r.rows[1]['b'] }} {{ r.rows[0][1] }} {% for row in r %}{{ row.a }}{% endfor %} {{ r | length }}"
    const guarded = `{% if execute %}${text}{% endif %}`
    const runQuery = () => ({
      columns: ['a', 'b'],
      rows: [
        [1, 'x'],
        [2, 'y'],
      ],
    })
    expect(sqlOf(guarded, {}, { runQuery })).toBe('1+2 y x 12 2')
  })

  test('a macro gives back lists with return()', () => {
    const macros = { 'macros/m.sql': "{% macro names() %}{{ return(['x', 'y']) }}{% endmacro %}" }
    expect(
      sqlOf('select {% for n in names() %}{{ n }}{{ ", " if not loop.last }}{% endfor %}', macros),
    ).toBe('select x, y')
  })

  test('variables of the run come before those of the project', () => {
    expect(sqlOf("select {{ var('v', 1) }}", {}, { vars: { v: 7 } })).toBe('select 7')
  })

  test('adapter.dispatch takes the macro for PostgreSQL, else the default', () => {
    const macros = { 'macros/m.sql': '{% macro default__now() %}now(){% endmacro %}' }
    expect(sqlOf("select {{ adapter.dispatch('now')() }}", macros)).toBe('select now()')
  })
})

describe('ephemeral inputs', () => {
  const EPHEMERAL = {
    'models/e.sql': "{{ config(materialized='ephemeral') }}\nselect * from {{ ref('a') }} -- all;",
    'models/f.sql': "{{ config(materialized='ephemeral') }} select * from {{ ref('e') }}",
    ...A,
  }

  test('they become CTEs, theirs before them, and their relations are inputs', () => {
    const result = compiled(
      { 'models/m.sql': "select * from {{ ref('f') }}", ...EPHEMERAL },
      'model.shop.m',
    )
    expect(result.sql).toBe(
      `with "__gm__cte__e" as (
select * from "public"."a" -- all;
), "__gm__cte__f" as (
select * from "__gm__cte__e"
)
select * from "__gm__cte__f"`,
    )
    expect(result.inputs.map(({ id }) => id)).toEqual(['model.shop.a'])
  })

  test.each([
    ['with x as (select 1)', 'with "__gm__cte__e"', ', x as (select 1)'],
    ['with recursive x as (select 1)', 'with recursive "__gm__cte__e"', ', x as (select 1)'],
    [
      '-- note\n/* with /* nested */ */ WITH x as (select 1)',
      '-- note\n/* with /* nested */ */ with "__gm',
      ', x as',
    ],
    ['values (1), (2) --', 'with "__gm__cte__e"', ')\nvalues (1)'],
  ])('they stand before a statement that begins %s', (head, start, own) => {
    const sql = sqlOf(`${head}\nselect * from {{ ref('e') }}`, EPHEMERAL)
    expect(sql.startsWith(start)).toBe(true)
    expect(sql).toContain(own)
  })

  test('places behind them lead to the file of each part', () => {
    const result = compiled(
      {
        ...EPHEMERAL,
        'models/m.sql':
          "\nwith x as (select '💥' as c)\nselect amout from x, {{ ref('e') }}, {{ it() }}",
        'macros/m.sql': '{% macro it() %}\n(select bad) y{% endmacro %}',
      },
      'model.shop.m',
    )
    expect(placeOf(result, 'amout')).toBe('models/m.sql:3:8')
    expect(placeOf(result, 'x as')).toBe('models/m.sql:2:6')
    expect(placeOf(result, '* from "public"')).toBe('models/e.sql:2:8')
    expect(placeOf(result, 'bad')).toBe('macros/m.sql:2:9')
  })
})

describe('incremental models', () => {
  const T = { 'models/a.sql': "{{ config(materialized='table') }} select 1 as id" }
  const text =
    "{{ config(materialized='incremental') }}select * from {{ changes(ref('a')) }} x{% if is_incremental() %} where true{% endif %}"

  test('changes() prints what the state says and marks the input', () => {
    const result = compiled({ 'models/m.sql': text, ...T }, 'model.shop.m', { isIncremental: true })
    expect(result.sql).toBe('select * from (select * from new_rows_of_a) x where true')
    expect(result.inputs).toMatchObject([{ id: 'model.shop.a', viaChanges: true }])
  })

  test('a snapshot is incremental too: its template asks whether the history is there', () => {
    const history = `{{ config(strategy='events', unique_key='id', updated_at='at', check_cols=['name']) }}
select * from {{ ref('a') }}{% if is_incremental() %} where id in (select id from {{ changes(ref('a')) }} c){% endif %}`
    const files = { 'snapshots/h.sql': history, ...T }
    const state = { isIncremental: true }
    expect(compiled(files, 'snapshot.shop.h', state).sql).toContain('where id in')
    expect(compiled(files, 'snapshot.shop.h').sql).not.toContain('where')
  })

  test('the fingerprint is that of a full build, whatever this run reads', () => {
    const first = compiled({ 'models/m.sql': text, ...T }, 'model.shop.m')
    const later = compiled({ 'models/m.sql': text, ...T }, 'model.shop.m', {
      isIncremental: true,
      changes: () => '(select 2)',
    })
    expect(later.fingerprint).toBe(first.fingerprint)
  })

  test('another unique key gives another fingerprint', () => {
    const keyed = text.replace("'incremental'", "'incremental', unique_key='id'")
    expect(compiled({ 'models/m.sql': keyed, ...T }, 'model.shop.m').fingerprint).not.toBe(
      compiled({ 'models/m.sql': text, ...T }, 'model.shop.m').fingerprint,
    )
  })

  test('changed_keys() prints what the state says, and recompute() prints its query and says it is one', () => {
    const keyed = `{{ config(materialized='incremental', unique_key='id') }}select id from {{ ref('a') }}{% if is_incremental() %} where id in ({% call recompute('id') %}select id
from {{ changed_keys(ref('a'), ['id', 'b']) }} k{% endcall %}){% endif %}`
    const result = compiled({ 'models/m.sql': keyed, ...T }, 'model.shop.m', {
      isIncremental: true,
    })
    const keys = 'select id\nfrom (select b,id from new_rows_of_a) k'
    expect(result.sql).toBe(`select id from "public"."a" where id in (${keys})`)
    expect(result.recomputed).toEqual([{ columns: ['id'], sql: keys }])
    expect(result.inputs).toMatchObject([{ id: 'model.shop.a', viaChanges: true }])
    expect(placeOf(result, 'k)')).toBe('models/m.sql:2:48')
  })

  test('keys are known from parsing, also those that only an incremental run reads', () => {
    const keyed = `{{ config(materialized='incremental', unique_key='id') }}select 1 as id{% if is_incremental() %} from {{ changed_keys(ref('a'), ['id', 'b']) }} k, {{ changed_keys(ref('a'), 'id') }} l{% endif %}`
    const { manifest } = parseTexts({ 'models/m.sql': keyed, ...T })
    expect(manifest.nodes.get('model.shop.m' as NodeId)).toMatchObject({
      keysOf: [
        { input: 'model.shop.a', columns: ['b', 'id'] },
        { input: 'model.shop.a', columns: ['id'] },
      ],
    })
  })

  test('a view is looked through to the table that it reads, whose rows are followed', () => {
    const files = {
      'models/v.sql': "with a as (select * from {{ ref('e') }}) select a.id from a where a.id > 1;",
      'models/e.sql':
        "{{ config(materialized='ephemeral') }} select *, 1 as one from {{ ref('a') }} as t",
      'models/m.sql':
        "{{ config(materialized='incremental') }}select * from {{ changes(ref('v')) }} x",
      ...T,
    }
    const result = compiled(files, 'model.shop.m', { isIncremental: true })
    expect(result.sql.replace(/\s+/g, ' ')).toBe(
      'select * from (with "e" as (select * from (with "a" as (select * from (select * from new_rows_of_a) as new_rows) ' +
        'select * from ( select *, 1 as one from "a" as t ) as seen_through) as new_rows) ' +
        'select * from ( with a as (select * from "e") select a.id from a where a.id > 1 ) as seen_through) x',
    )
    expect(result.inputs.filter(({ viaChanges }) => viaChanges)).toMatchObject([
      { id: 'model.shop.a' },
    ])
  })
})

describe('generic tests', () => {
  const properties = (entry: string) => ({
    ...A,
    'models/p.yml': `models: [{name: a, columns: [{name: Order, data_tests: [${entry}]}]}]`,
  })
  const testSql = (entry: string): Compiled => {
    const texts = properties(entry)
    const { manifest } = parseTexts(texts)
    const id = [...manifest.nodes.keys()].find((key) => key.startsWith('test.')) ?? ''
    return compiled(texts, id)
  }

  test('columns are quoted, and where limits the rows under test', () => {
    expect(testSql('{not_null: {config: {where: "x > 1 -- old"}}}').sql).toBe(
      'select *\nfrom (select * from "public"."a" where\nx > 1 -- old\n) as tested\nwhere "Order" is null',
    )
  })

  test('values are literals whatever is in them, and null is left out of not in', () => {
    expect(testSql(`{accepted_values: {arguments: {values: ["it's", 2, null]}}}`).sql).toContain(
      `not in ('it''s', '2')`,
    )
  })

  test('without quotes values stand as they are', () => {
    expect(testSql('{accepted_values: {arguments: {values: [1, 2], quote: false}}}').sql).toContain(
      'not in (1, 2)',
    )
  })

  test('what the database says about a built-in test leads to its entry', () => {
    expect(placeOf(testSql('not_null'), '"Order"')).toBe('models/p.yml:1:57')
  })
})

describe('statements', () => {
  test.each([
    ['select 1;', 'select 1'],
    ['\n  select 1 ;; \n', 'select 1'],
    ["select ';' -- a;\n;", "select ';' -- a;"],
    ['select 1; -- done;', 'select 1 -- done;'],
    ['select $$;$$ ;', 'select $$;$$'],
    ["select E'\\';' ;", "select E'\\';'"],
  ])('%j is sent as %j', (text, expected) => {
    expect(sqlOf(text)).toBe(expected)
  })

  test('a second statement is refused where it is parted from the first', () => {
    expect(() => sqlOf("select ';'\n; drop table a")).toThrow(
      expect.objectContaining({
        code: 'GM3010',
        at: { file: 'models/m.sql', line: 2, column: 1 },
      }),
    )
  })

  test('inline SQL reads any node', () => {
    const { manifest, templates } = parseTexts(A)
    const { sql } = compileInline(
      "select * from {{ ref('a') }}",
      manifest,
      memoryProject(),
      templates,
      STATE,
    )
    expect(sql).toBe('select * from "public"."a"')
  })
})

describe('mistakes', () => {
  test.each<[string, string, Record<string, string>, string]>([
    [
      'no SQL',
      '{{ config() }} -- nothing\n;',
      {},
      'models/m.sql:1:1 GM3009 "m" has no SQL | A template must render to one select statement; this one gives only blanks and comments.',
    ],
    [
      'changes() in a view',
      "select * from {{ changes(ref('a')) }} x",
      A,
      "models/m.sql:1:18 GM3009 changes() works in incremental models and snapshots only | Set materialized='incremental', or read the whole input with ref() or source().",
    ],
    [
      'changes() of a view over two tables',
      "{{ config(materialized='incremental') }}select * from {{ changes(ref('v')) }} x",
      {
        'models/v.sql': "select 1 from {{ ref('a') }}, {{ ref('b') }}",
        ...A,
        'models/b.sql': 'select 1',
      },
      'models/m.sql:1:58 GM3009 changes() cannot look through "v", which does not read one table | Follow the tables that it reads, or make it an incremental model.',
    ],
    [
      'changed_keys() of a source whose keys are not logged',
      "{{ config(materialized='incremental') }}select * from {{ changed_keys(source('raw', 't'), 'id') }} x",
      { 'models/s.yml': 'sources: [{name: raw, tables: [{name: t}]}]' },
      'models/m.sql:1:58 GM3009 the keys that source raw.t loses are not logged | Set log_keys: true in its config, so that gm may put triggers on the table; or use changes(), which follows new rows only.',
    ],
    [
      'changed_keys() of a view',
      "{{ config(materialized='incremental') }}select * from {{ changed_keys(ref('a'), 'id') }} x",
      A,
      'models/m.sql:1:58 GM3009 the keys that "a" loses are not logged: it is no table | Follow the keys of the table that it reads.',
    ],
    [
      'changed_keys() without columns',
      "{{ config(materialized='incremental') }}select * from {{ changed_keys(ref('a'), []) }} x",
      A,
      "models/m.sql:1:58 GM2008 changed_keys() takes the names of columns | Write one name in quotes, or a list of them: ['order_id', 'line'].",
    ],
    [
      'changed_keys() whose columns are only known now',
      "{{ config(materialized='incremental') }}{% if execute %}select * from {{ changed_keys(ref('t'), 'id') }} x{% endif %}",
      { 'models/t.sql': "{{ config(materialized='table') }} select 1 as id" },
      'models/m.sql:1:74 GM3008 changed_keys() could not be seen when the project was parsed | Its arguments or its condition are only known now. Write it with literal names, under no condition but is_incremental().',
    ],
    [
      'recompute() without a query',
      "{{ config(materialized='incremental') }}select {{ recompute('id') }}",
      {},
      "models/m.sql:1:51 GM2008 recompute() needs the query of the keys | Write {% call recompute('user_id') %} select user_id from … {% endcall %}.",
    ],
    [
      'a ref that parsing cannot see',
      "{% if execute %}{% set n = 'a' %}select * from {{ ref(n) }}{% endif %}",
      A,
      `models/m.sql:1:51 GM3008 ref('a') could not be seen when the project was parsed | Its name or its condition is only known now. Add the line "-- depends_on: {{ ref('a') }}" to models/m.sql.`,
    ],
    [
      'run_query without a database',
      "{% if execute %}{{ run_query('select 1') }}{% endif %}",
      {},
      'models/m.sql:1:20 GM3008 run_query() needs a database, and there is none here | Use a command that connects, such as gm compile, or guard the call with a variable.',
    ],
  ])('%s is told with its place', (_what, text, more, expected) => {
    expect(mistake(text, more)).toBe(expected)
  })

  test('a mistake inside a macro names the macro, and the model that called it', () => {
    const macros = {
      'macros/m.sql': '{% macro m() %}\n{% if execute %}{{ nope }}{% endif %}{% endmacro %}',
    }
    let thrown: unknown
    try {
      sqlOf('select {{ m() }}', macros)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      code: 'GM3004',
      at: { file: 'macros/m.sql', line: 2 },
      calledFrom: [{ file: 'models/m.sql', line: 1, column: 11 }],
    })
  })
})

describe('a window of event time', () => {
  const ORDERS = "{{ config(event_time='ordered_at') }} select now() as ordered_at"
  const window = { start: new Date('2026-01-03T00:00:00Z'), end: new Date('2026-01-04T00:00:00Z') }
  const DAY = `(select * from "public"."orders" where "ordered_at" >= '2026-01-03 00:00:00+00' and "ordered_at" < '2026-01-04 00:00:00+00')`

  test('ref gives the rows of the window of an input with event_time, and whole those without', () => {
    const sql = "select * from {{ ref('orders') }} o, {{ ref('a') }} a"
    const texts = { 'models/orders.sql': ORDERS, ...A }
    expect(sqlOf(sql, texts, { window })).toBe(`select * from ${DAY} o, "public"."a" a`)
    expect(sqlOf(sql, texts)).toBe('select * from "public"."orders" o, "public"."a" a')
  })

  test('render() and the names of a ref are those of the whole relation', () => {
    const sql = "select '{{ ref('orders').identifier }}' from {{ ref('orders').render() }}"
    expect(sqlOf(sql, { 'models/orders.sql': ORDERS }, { window })).toBe(
      `select 'orders' from "public"."orders"`,
    )
  })

  test('an ephemeral input is read in part by its name within the statement', () => {
    const orders = "{{ config(materialized='ephemeral', event_time='t') }} select now() as t"
    expect(
      sqlOf("select * from {{ ref('orders') }}", { 'models/orders.sql': orders }, { window }),
    ).toContain(`(select * from "__gm__cte__orders" where "t" >= `)
  })

  test('the fingerprint is the same for every window and batch', () => {
    const texts = {
      'models/m.sql':
        "select '{{ model.batch.event_time_start.date() if model.batch }}' from {{ ref('orders') }}",
      'models/orders.sql': ORDERS,
    }
    const of = (day: number): Compiled => {
      const start = new Date(Date.UTC(2026, 0, day))
      const end = new Date(Date.UTC(2026, 0, day + 1))
      return compiled(texts, 'model.shop.m', {
        window: { start, end },
        batch: { id: `2026010${day}`, start, end },
      })
    }
    expect(of(3).sql).toBe(`select '2026-01-03' from ${DAY}`)
    expect(of(4).sql).not.toBe(of(3).sql)
    expect(of(4).fingerprint).toBe(of(3).fingerprint)
  })
})
