/** A small project with a bit of everything that artifacts and selections speak of. */
export const PROJECT: Readonly<Record<string, string>> = {
  'project.yml': 'name: shop\nmodels: {shop: {marts: {+materialized: table}}}\n',
  'seeds/raw.csv': 'id,amount\n1,20\n2,30\n',
  'macros/doubled.sql': '{% macro doubled(x) %}{{ x }} * 2{% endmacro %}',
  'models/stg.sql': "select id, {{ doubled('amount') }} as amount from {{ ref('raw') }}",
  'models/marts/totals.sql': "select sum(amount) as total from {{ ref('stg') }}",
  'models/marts/daily.sql':
    "{{ config(materialized='incremental') }} select 1 as day, total from {{ ref('totals') }}",
  'models/schema.yml': `sources:
  - name: raw
    loaded_at_field: at
    freshness: {warn_after: {count: 1, period: hour}}
    tables: [{name: events}]
models:
  - name: stg
    description: One row a sale.
    columns: [{name: id, description: Its number., data_tests: [unique, not_null]}]
  - name: totals
    columns: [{name: total, data_tests: [{accepted_values: {arguments: {values: [100]}, config: {severity: warn}}}]}]
`,
  'tests/no_negative.sql': "select * from {{ ref('stg') }} where amount < 0",
  'selectors.yml':
    'selectors: [{name: marts, definition: {union: [{path: models/marts}, {exclude: [daily]}]}}]\n',
}
