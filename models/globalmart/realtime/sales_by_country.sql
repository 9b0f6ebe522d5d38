{{ config(materialized='incremental', unique_key=['minute', 'country']) }}

select
    sale.minute,
    coalesce(sale.country, 'unknown') as country,
    count(distinct case when sale.event_type = 'purchase' then sale.transaction_id end) as transactions,
    sum(sale.quantity) as units,
    cast(sum(sale.total_amount) as numeric(18, 2)) as revenue
from {{ events_by_minute(ref('stg_transactions')) }} as sale
group by sale.minute, coalesce(sale.country, 'unknown')
