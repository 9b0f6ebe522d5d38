{{ config(materialized='incremental', unique_key='product_id') }}
{{ gives_all_rows('product_id') }}

-- The last ten minutes before as_of_time. A purchase says more than a cart, and a cart more than a look.
with clock as (
    select
        c.as_of_time,
        {{ add_seconds('c.as_of_time', -600) }} as window_start
    from {{ ref('as_of_time') }} as c
),

seen as (
    select look.product_id, 1 as views, 0 as adds, 0 as units
    from clock
    inner join {{ ref('stg_product_views') }} as look
        on look.event_time > clock.window_start and look.event_time <= clock.as_of_time
    where look.event_type = 'view'
    union all
    select cart.product_id, 0 as views, 1 as adds, 0 as units
    from clock
    inner join {{ ref('stg_cart_events') }} as cart
        on cart.event_time > clock.window_start and cart.event_time <= clock.as_of_time
    where cart.event_type = 'add'
    union all
    select sale.product_id, 0 as views, 0 as adds, sale.quantity as units
    from clock
    inner join {{ ref('stg_transactions') }} as sale
        on sale.event_time > clock.window_start and sale.event_time <= clock.as_of_time
    where sale.event_type = 'purchase'
),

counted as (
    select
        seen.product_id,
        sum(seen.views) as views,
        sum(seen.adds) as adds,
        sum(seen.units) as units_sold,
        sum(seen.views) + 3 * sum(seen.adds) + 10 * sum(seen.units) as score
    from seen
    group by seen.product_id
),

ranked as (
    select
        counted.*,
        row_number() over (order by counted.score desc nulls last, {{ in_byte_order('counted.product_id') }} nulls last) as rank
    from counted
)

select
    ranked.rank,
    ranked.product_id,
    ranked.views,
    ranked.adds,
    ranked.units_sold,
    ranked.score
from ranked
where ranked.rank <= 100
