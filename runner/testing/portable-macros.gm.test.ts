import { expect } from 'vitest'
import { copyOfProject, databaseUrl, gm } from './gm.ts'
import { test } from './sql-fixture.ts'

/** What every engine must answer: an expression with a portable macro, and its value as text. */
const CASES: readonly (readonly [expression: string, value: string | null])[] = [
  [`{{ utc_date(utc_moment('2024-02-29 23:59:59')) }}`, '2024-02-29'],
  [`{{ dateadd('month', 1, "date '2024-01-31'") }}`, '2024-02-29'],
  [`{{ dateadd('day', -1, "date '2024-03-01'") }}`, '2024-02-29'],
  [`{{ days_between("date '2024-02-28'", "date '2024-03-01'") }}`, '2'],
  [
    `{{ seconds_between(utc_moment('2024-01-01 00:00:00'), utc_moment('2024-01-01 00:01:30')) }}`,
    '90.000000',
  ],
  [
    `{{ seconds_between(utc_moment('2024-01-01 00:00:00'), add_seconds(utc_moment('2024-01-01 00:00:00'), 0.25)) }}`,
    '0.250000',
  ],
  [`{{ isodow("date '2024-03-03'") }}`, '7'],
  [`{{ isoyear("date '2024-12-30'") }}`, '2025'],
  [`{{ month_name("date '2024-03-03'") }}`, 'March'],
  [`{{ day_name("date '2024-03-03'") }}`, 'Sunday'],
  [`{{ first_day('week', "date '2024-03-03'") }}`, '2024-02-26'],
  [`{{ month_end("date '2024-02-01'") }}`, '2024-02-29'],
  [`{{ date_key("date '2024-02-09'") }}`, '20240209'],
  [`(select count(*) from {{ date_spine("'2024-02-28'", "'2024-03-01'") }} as spine)`, '3'],
  [
    `(select max(spine.month) from {{ month_spine("'2024-01-31'", "'2024-03-01'") }} as spine)`,
    '2024-03-01',
  ],
  [`{{ int_div('-7', '2') }}`, '-3'],
  [`{{ natural_log('10') }}`, '2.302585092994046'],
  [`{{ as_float('1') }} / 4`, '0.25'],
  [`{{ percent('1', '3') }}`, '33.33'],
  [`{{ percent('1', '0') }}`, null],
  [`(select {{ percentile('v.x', 0.5) }} from (values (1), (2), (4), (9)) as v (x))`, '3'],
  [`{{ json_get("cast('{\\"a\\": \\"b\\", \\"c\\": null}' as jsonb)", 'a') }}`, 'b'],
  [`{{ json_get("cast('{\\"a\\": \\"b\\", \\"c\\": null}' as jsonb)", 'c') }}`, null],
  [`{{ blank_to_null("' x '") }}`, ' x '],
  [`{{ blank_to_null("'  '") }}`, null],
  [`{{ md5("'a'") }}`, '0cc175b9c0f1b6a831c399e269772661'],
  [
    `(select {{ string_agg('v.x', '+', 'v.x desc') }} from (values ('a'), (null), ('b')) as v (x))`,
    'b+a',
  ],
  [`{{ regexp_replace("'a1b22'", '[0-9]+', '#') }}`, 'a#b#'],
  [`{{ regexp_match("'a1'", '[0-9]$') }}`, 'true'],
  [`{{ ilike("'Lamp'", 'lA%') }}`, 'true'],
  [`(select min({{ in_byte_order('v.x') }}) from (values ('a'), ('B')) as v (x))`, 'B'],
  [`{{ as_text('1') }}`, '1'],
  [`{{ as_exact_number("'1234567890123456789012345678.12'") }}`, '1234567890123456789012345678.12'],
]

test('portable macros give on this engine what they must give on every one', async ({
  connection,
}) => {
  const { root, remove } = copyOfProject()
  try {
    const selected = CASES.map(([expression], i) => `cast(${expression} as text) as c${i}`)
    const { stdout } = await gm(
      root,
      ['show', '--inline', `select ${selected.join(', ')}`, '--output', 'json'],
      databaseUrl(connection),
    )
    const [row] = (JSON.parse(stdout) as { show: Record<string, unknown>[] }).show
    expect(CASES.map(([expression], i) => [expression, row?.[`c${i}`]])).toEqual(CASES)
  } finally {
    remove()
  }
})
