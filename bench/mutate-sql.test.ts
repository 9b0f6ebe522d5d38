import { expect, test } from 'vitest'
import { mutateSql } from './mutate-sql.ts'

const changes = (text: string): string[] =>
  mutateSql('a.sql', text).map(({ line, kind, after }) => `${line} ${kind}: ${after}`)

test('joins, boundaries, filters, keys and signs are changed one at a time', () => {
  expect(
    changes(`select a.x - 1 as y
from a
left join b
    on b.id = a.id
    and b.at <= a.at
where a.x is not null`),
  ).toEqual([
    '1 sign: select a.x + 1 as y',
    '3 join kind: inner join b',
    '4 key: on b.id <> a.id',
    '5 boundary: and b.at < a.at',
    '5 filter removed: (removed)',
    '6 filter removed: where true',
    '6 filter negated: where not (a.x is not null)',
    '6 filter negated: where a.x is null',
  ])
})

test('aggregates, windows, unions and values are changed too', () => {
  expect(
    changes(`select max(x), coalesce(sum(y), 0), count(distinct z)
union all
select row_number() over (partition by k order by t.at desc)`),
  ).toEqual([
    '1 aggregate: select min(x), coalesce(sum(y), 0), count(distinct z)',
    '1 aggregate: select max(x), coalesce(max(y), 0), count(distinct z)',
    '1 aggregate: select max(x), coalesce(sum(y), 0), count(z)',
    '1 value: select max(x), sum(y), count(distinct z)',
    '2 set: union',
    '3 key: select row_number() over (partition by 1 order by t.at desc)',
    '3 order: select row_number() over (partition by k order by t.at)',
  ])
})

test('comments, configuration and template statements are left alone', () => {
  expect(
    changes(`{# sum(x) where y
left join #}
{{ config(materialized='table', meta={'a': 'left join'}) }}
-- a left join
{% if x <= y %}
select 1`),
  ).toEqual([])
})

test('a mutant holds the whole file with one line changed', () => {
  const [mutant] = mutateSql('a.sql', 'select 1\nfrom a\nleft join b\n')
  expect(mutant?.text).toBe('select 1\nfrom a\ninner join b\n')
})
