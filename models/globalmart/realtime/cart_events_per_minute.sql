{{ config(materialized='incremental', unique_key='minute') }}

select
    cart.minute,
    count(case when cart.event_type = 'add' then 1 end) as adds,
    count(case when cart.event_type = 'remove' then 1 end) as removes,
    count(case when cart.event_type = 'update' then 1 end) as updates,
    count(case when cart.event_type = 'checkout' then 1 end) as checkouts,
    count(distinct cart.session_id) as sessions,
    cast(coalesce(sum(case when cart.event_type = 'add' then cart.quantity * cart.unit_price end), 0) as numeric(18, 2))
        as added_amount
from {{ events_by_minute(ref('stg_cart_events')) }} as cart
group by cart.minute
