{{ config(materialized='table', indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['spent', 'orders'], 'type': 'btree'}]) }}
select customer_id, count(*) as orders, sum(total) as spent, min(ordered_at) as first_at, max(ordered_at) as last_at
from {{ ref('int_orders_with_totals') }}
group by customer_id
