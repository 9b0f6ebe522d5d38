{{ config(materialized='incremental', unique_key='minute') }}

select
    sale.minute,
    count(distinct case when sale.event_type = 'purchase' then sale.transaction_id end) as transactions,
    count(distinct sale.user_id) as customers,
    sum(sale.quantity) as units,
    cast(sum(sale.total_amount) as numeric(18, 2)) as revenue,
    cast(coalesce(sum(case when sale.event_type = 'return' then -sale.total_amount end), 0) as numeric(18, 2))
        as returned_amount
from {{ events_by_minute(ref('stg_transactions')) }} as sale
group by sale.minute
