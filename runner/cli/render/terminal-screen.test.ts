import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { GmError } from '../../base/error.ts'
import type { NodeId } from '../../manifest/node.ts'
import type { RunEvent, RunResult, StepResult } from '../../run/event.ts'
import { eventLines } from './event-lines.ts'
import { footerLines } from './footer-lines.ts'
import { jsonEvent } from './json-event.ts'
import { logLines } from './log-lines.ts'
import { renderReport } from './report.ts'
import { styleFor } from './style.ts'

const id = (text: string): NodeId => text as NodeId
const at = new Date('2026-11-21T10:16:28.123Z')

/** A step with what the case is about; the rest does not matter. */
function step(about: Partial<StepResult>): StepResult {
  return {
    id: id('model.globalmart.fact_sales'),
    kind: 'model',
    name: 'warehouse.fact_sales',
    action: 'build incremental',
    status: 'success',
    index: 1,
    startedAt: at,
    durationMs: 842,
    counts: {},
    reason: 'first build',
    ...about,
  }
}

const steps = {
  seed: step({
    id: id('seed.globalmart.countries'),
    kind: 'seed',
    name: 'warehouse.countries',
    action: 'load seed',
    counts: { inserted: 1 },
    durationMs: 31,
  }),
  view: step({ name: 'staging.stg_sales', action: 'create view', index: 2, durationMs: 12 }),
  table: step({ index: 3, counts: { extracted: 105335, inserted: 105335 } }),
  added: step({
    index: 4,
    action: 'add rows',
    counts: { extracted: 20, inserted: 12, updated: 3 },
    durationMs: 64_200,
  }),
  kept: step({ index: 5, action: 'add rows', counts: {}, durationMs: 9 }),
  pass: step({ index: 6, kind: 'test', action: 'run test', status: 'pass', name: 'unique_x' }),
  warn: step({
    index: 7,
    kind: 'test',
    action: 'run test',
    status: 'warn',
    name: 'not_null_fact_sales_customer_sk',
    failures: 7,
    id: id('test.globalmart.not_null_fact_sales_customer_sk.1a2b3c4d5e'),
  }),
  fail: step({
    index: 8,
    kind: 'test',
    action: 'run test',
    status: 'fail',
    name: 'unique_fact_sales_event_id',
    failures: 1,
    id: id('test.globalmart.unique_fact_sales_event_id.5e4d3c2b1a'),
    error: new GmError('GM5001', '1 row of warehouse.fact_sales has a value more than once', {
      at: { file: 'models/facts.yml', line: 3, column: 9 },
      hint: 'gm show --select unique_fact_sales_event_id',
    }),
  }),
  error: step({
    index: 9,
    action: 'build table',
    status: 'error',
    name: 'warehouse.rfm_analysis',
    error: new GmError('GM4001', 'column "amout" does not exist', {
      at: { file: 'models/rfm.sql', line: 2, column: 7 },
      hint: 'Did you mean "amount"?',
    }),
  }),
  skip: step({
    index: 0,
    status: 'skipped',
    name: 'warehouse.customer_segments',
    because: id('model.globalmart.rfm_analysis'),
  }),
  cancelled: step({ index: 10, action: 'build table', status: 'cancelled', name: 'warehouse.big' }),
  neverStarted: step({ index: 0, status: 'cancelled', name: 'warehouse.later' }),
}

const end = (result: StepResult): RunEvent => ({ type: 'step-end', result })

const events: readonly RunEvent[] = [
  {
    type: 'run-start',
    runId: '4f2a',
    command: 'build',
    at,
    stepCount: 12,
    threads: 4,
    totals: { model: 7, seed: 1, test: 4 },
  },
  {
    type: 'step-start',
    id: steps.table.id,
    index: 3,
    action: 'build table',
    name: 'warehouse.fact_sales',
  },
  ...Object.values(steps).map(end),
  { type: 'step-note', id: steps.table.id, message: 'waited 5s for readers, then swapped' },
  { type: 'log', level: 'info', message: 'two\nlines' },
  { type: 'sql', id: steps.table.id, session: 2, sql: 'begin' },
]

function screen(width: number): string {
  const context = { width, style: styleFor(false), clock: '10:16:28', stepCount: 12 }
  return `\n${events.flatMap((event) => eventLines(event, context)).join('\n')}\n`
}

describe('lines of a run', () => {
  test('On 100 columns every kind of event has its line and the brackets stand in one column', () => {
    expect(screen(100)).toMatchInlineSnapshot(`
      "
      10:16:28  Running build: 1 seed, 7 models, 4 tests, 4 threads

      10:16:28   3 of 12 START build table warehouse.fact_sales ............... [RUN]
      10:16:28   1 of 12 OK    loaded seed warehouse.countries ................ [1 row in 0.03s]
      10:16:28   2 of 12 OK    created view staging.stg_sales ................. [OK in 0.01s]
      10:16:28   3 of 12 OK    created incremental warehouse.fact_sales ....... [105335 rows in 0.84s]
      10:16:28   4 of 12 OK    added rows to warehouse.fact_sales ............. [12 inserted, 3 updated in 1m 04s]
      10:16:28   5 of 12 OK    added rows to warehouse.fact_sales ............. [nothing new in 0.01s]
      10:16:28   6 of 12 PASS  unique_x ....................................... [PASS in 0.84s]
      10:16:28   7 of 12 WARN  7 rows not_null_fact_sales_customer_sk ......... [WARN in 0.84s]
      10:16:28   8 of 12 FAIL  1 row unique_fact_sales_event_id ............... [FAIL in 0.84s]
      10:16:28   9 of 12 ERROR build table warehouse.rfm_analysis ............. [ERROR in 0.84s]
      10:16:28           SKIP  warehouse.customer_segments because of rfm_analysis .. [SKIP]
      10:16:28  10 of 12 CANCEL build table warehouse.big ..................... [rolled back after 0.84s]
      10:16:28           CANCEL build incremental warehouse.later ............. [not started]
      10:16:28  model.globalmart.fact_sales: waited 5s for readers, then swapped
      10:16:28  two
      10:16:28  lines
      "
    `)
  })

  test('On 80 columns the clock gives way, and no name or figure is lost', () => {
    expect(screen(80)).toMatchInlineSnapshot(`
      "
      Running build: 1 seed, 7 models, 4 tests, 4 threads

       3 of 12 START build table warehouse.fact_sales ..... [RUN]
       1 of 12 OK    loaded seed warehouse.countries ...... [1 row in 0.03s]
       2 of 12 OK    created view staging.stg_sales ....... [OK in 0.01s]
       3 of 12 OK    created incremental warehouse.fact_sales .. [105335 rows in 0.84s]
       4 of 12 OK    added rows to warehouse.fact_sales ... [12 inserted, 3 updated in 1m 04s]
       5 of 12 OK    added rows to warehouse.fact_sales ... [nothing new in 0.01s]
       6 of 12 PASS  unique_x ............................. [PASS in 0.84s]
       7 of 12 WARN  7 rows not_null_fact_sales_customer_sk .. [WARN in 0.84s]
       8 of 12 FAIL  1 row unique_fact_sales_event_id ..... [FAIL in 0.84s]
       9 of 12 ERROR build table warehouse.rfm_analysis ... [ERROR in 0.84s]
               SKIP  warehouse.customer_segments because of rfm_analysis .. [SKIP]
      10 of 12 CANCEL build table warehouse.big ........... [rolled back after 0.84s]
               CANCEL build incremental warehouse.later ... [not started]
      model.globalmart.fact_sales: waited 5s for readers, then swapped
      two
      lines
      "
    `)
  })

  test('On 120 columns the lines are those of 100, because far brackets are hard to follow', () => {
    expect(screen(120)).toBe(screen(100))
  })

  test('On 40 columns every line still has its name, its dots and its figure', () => {
    const names = Object.values(steps).map(({ name }) => name)
    const narrow = screen(40)
    for (const name of names) expect(narrow).toMatch(new RegExp(`${name}.* \\.\\. \\[`))
    expect(narrow.replaceAll(/ \.+ \[/g, ' [')).toBe(screen(80).replaceAll(/ \.+ \[/g, ' ['))
  })

  test('On 200 columns as well', () => {
    expect(screen(200)).toBe(screen(100))
  })

  test('A name in ideographs or with an emoji has its bracket in the column of the others', () => {
    const context = { width: 100, style: styleFor(false), clock: '10:16:28', stepCount: 12 }
    const columns = [
      'warehouse.sales',
      '"倉庫"."売上"',
      'warehouse."🍣 sales"',
      '"창고"."👩‍🚀"',
    ].map((name) => {
      const [line = ''] = eventLines(end(step({ name })), context)
      return stringWidth(line.slice(0, line.indexOf('[')))
    })
    expect(new Set(columns).size).toBe(1)
  })

  test('With colours the text is the same, only painted', () => {
    const context = { width: 80, style: styleFor(true), clock: '10:16:28', stepCount: 12 }
    const painted = events.flatMap((event) => eventLines(event, context)).join('\n')
    expect(painted).toContain('\u001b[32m')
    expect(`\n${stripVTControlCharacters(painted)}\n`).toBe(screen(80))
  })
})

describe('footer', () => {
  const state = {
    running: Array.from({ length: 8 }, (_, i) => ({
      name: `warehouse.model_${i}_with_a_name_that_goes_on_and_on`,
      startedMs: i * 100,
    })),
    done: 3,
    total: 12,
    startedMs: 0,
    nowMs: 61_000,
    cancelling: false,
  }

  test('More running steps than there is room for are counted, and every line fits', () => {
    const lines = footerLines(state, 40, styleFor(false))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40)
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "

         1m 01s  warehouse.model_0_with_a_na…
         1m 01s  warehouse.model_1_with_a_na…
         1m 01s  warehouse.model_2_with_a_na…
         1m 01s  warehouse.model_3_with_a_na…
         1m 01s  warehouse.model_4_with_a_na…
         1m 01s  warehouse.model_5_with_a_na…
                 and 2 more
      running: 3 of 12 done, 1m 01s
      "
    `)
  })

  test('After an interrupt it says that it cancels', () => {
    const lines = footerLines({ ...state, running: [], cancelling: true }, 80, styleFor(false))
    expect(lines.at(-1)).toBe('cancelling: 3 of 12 done, 1m 01s')
  })
})

describe('report', () => {
  const context = {
    style: styleFor(false),
    readText: (file: string) =>
      file === 'models/rfm.sql' ? 'select\n  sum(amout)\nfrom x' : undefined,
    logFile: 'logs/gm_20261121_101628_4f2a.log',
  }
  const result = (about: Partial<RunResult>): RunResult => ({
    runId: '4f2a',
    command: 'build',
    startedAt: at,
    durationMs: 65_400,
    status: 'success',
    steps: [],
    ...about,
  })

  test('A failed run shows each failure with its place, then the figures and the totals', () => {
    const all = Object.values(steps)
    expect(
      `\n${renderReport(result({ status: 'failed', steps: all }), context)}`,
    ).toMatchInlineSnapshot(`
      "

      2 failures:

      test unique_fact_sales_event_id
      models/facts.yml:3:9  GM5001  1 row of warehouse.fact_sales has a value more than once
        hint: gm show --select unique_fact_sales_event_id

      model warehouse.rfm_analysis
      models/rfm.sql:2:7  GM4001  column "amout" does not exist

        1 | select
        2 |   sum(amout)
          |       ^

        hint: Did you mean "amount"?

      1 warning:

      test not_null_fact_sales_customer_sk: 7 rows
        hint: gm show --select not_null_fact_sales_customer_sk

      Cancelled in the server and rolled back:
        warehouse.big

        jobs executed   10 of 12 (1 seed, 6 models, 3 tests)
        rows extracted  105355
        rows inserted   105348
        rows updated    3
        rows deleted    0
        errors          2
        duration        1m 05s
        slowest         warehouse.fact_sales 1m 04s, warehouse.fact_sales 0.84s, unique_x 0.84s
        log             logs/gm_20261121_101628_4f2a.log

      Completed with failures.
      Done. PASS=6 WARN=1 ERROR=2 SKIP=1 CANCEL=2 TOTAL=12
      "
    `)
  })

  test('Duplicates are counted where a step can tell them, and on its own line', () => {
    const { added } = steps
    const staged = step({
      ...added,
      counts: { extracted: 20, inserted: 12, updated: 3, skipped: 5 },
    })
    expect(renderReport(result({ steps: [staged] }), context)).toContain(
      'rows skipped    5 duplicates',
    )
    expect(renderReport(result({ steps: [added] }), context)).not.toContain('rows skipped')
    const [line] = eventLines(end(staged), {
      width: 80,
      style: styleFor(false),
      clock: '',
      stepCount: 12,
    })
    expect(line).toContain('[12 inserted, 3 updated, 5 duplicates skipped in 1m 04s]')
  })

  test('A run that wrote no row says that nothing changed', () => {
    const text = renderReport(result({ steps: [steps.kept, steps.pass] }), context)
    expect(text).toContain('Completed successfully. Nothing changed.')
    expect(text).toContain('Done. PASS=2 WARN=0 ERROR=0 SKIP=0 TOTAL=2')
  })

  test('A run that added one row does not say that nothing changed', () => {
    const text = renderReport(result({ steps: [steps.kept, steps.added] }), context)
    expect(text).not.toContain('Nothing changed')
  })

  test('A run that only built views and tables from the same rows says so', () => {
    const built = step({ action: 'build table', counts: { inserted: 5 } })
    const text = renderReport(result({ steps: [steps.kept, built, steps.view] }), context)
    expect(text).toContain(
      'Nothing changed: no new rows; 2 views and tables built from the same ones.',
    )
  })

  test('A run that rebuilt an incremental model does not say that nothing changed', () => {
    const text = renderReport(result({ steps: [steps.kept, steps.table] }), context)
    expect(text).not.toContain('Nothing changed')
  })

  test('A run of tests alone claims nothing about changes', () => {
    expect(renderReport(result({ steps: [steps.pass] }), context)).not.toContain('Nothing changed')
  })
})

describe('logs', () => {
  test('A log file is a psql script: SQL as it was sent, everything else a comment', () => {
    const text: readonly RunEvent[] = [
      { type: 'sql', id: steps.table.id, session: 2, sql: 'begin' },
      { type: 'sql', id: undefined, session: 1, sql: 'select 1 -- one' },
      { type: 'sql', id: undefined, session: 1, sql: "\\copy raw.t from 'a.csv'" },
      end(steps.error),
    ]
    expect(
      `\n${text.flatMap((event) => logLines(event, at, 12)).join('\n')}\n`,
    ).toMatchInlineSnapshot(`
      "
      -- 10:16:28.123 sql    session 2, model.globalmart.fact_sales
      begin;
      -- 10:16:28.123 sql    session 1
      select 1 -- one
      ;
      -- 10:16:28.123 sql    session 1
      \\copy raw.t from 'a.csv'
      -- 10:16:28.123 error  9 of 12 ERROR build table warehouse.rfm_analysis ....................... [ERROR in 0.84s]
      -- 10:16:28.123 error  models/rfm.sql:2:7  GM4001  column "amout" does not exist
      "
    `)
  })

  test('JSON logs carry the error with its code and place, and no stack', () => {
    const line: unknown = JSON.parse(jsonEvent(end(steps.error), at))
    expect(line).toMatchObject({
      time: '2026-11-21T10:16:28.123Z',
      level: 'error',
      type: 'step-end',
      status: 'error',
      error: { code: 'GM4001', at: 'models/rfm.sql:2:7', hint: 'Did you mean "amount"?' },
    })
    expect(JSON.stringify(line)).not.toContain('stack')
  })
})
