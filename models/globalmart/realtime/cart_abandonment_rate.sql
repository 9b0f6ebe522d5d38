{{ config(materialized='incremental', unique_key='hour') }}
{{ gives_all_rows('hour') }}

-- Carts by the hour of their last event, for the day before as_of_time.
with carts as (
    select
        {{ hour_of('cart.last_event_at') }} as hour,
        case
            when cart.checked_out_at is not null then 'checked_out'
            when cart.last_event_at <= {{ add_seconds('clock.as_of_time', -60 * var('cart_idle_minutes')) }} then 'abandoned'
            else 'open'
        end as standing
    from {{ ref('as_of_time') }} as clock
    inner join {{ ref('cart_sessions') }} as cart
        on cart.last_event_at > {{ add_seconds('clock.as_of_time', -86400) }}
        and cart.last_event_at <= clock.as_of_time
    where cart.added_units > 0
)

select
    carts.hour,
    count(*) as carts,
    count(case when carts.standing = 'checked_out' then 1 end) as checked_out_carts,
    count(case when carts.standing = 'abandoned' then 1 end) as abandoned_carts,
    count(case when carts.standing = 'open' then 1 end) as open_carts,
    {{ percent(
        "count(case when carts.standing = 'abandoned' then 1 end)",
        "count(case when carts.standing <> 'open' then 1 end)"
    ) }} as abandonment_rate
from carts
group by carts.hour
