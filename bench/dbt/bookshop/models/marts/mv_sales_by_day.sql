{{ config(materialized='materialized_view') }}
select ordered_at::date as day, sum(amount) as amount from {{ ref('fct_order_lines') }} group by 1
