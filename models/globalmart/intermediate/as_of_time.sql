-- Ephemeral: a view would have to be replaced at every tick, which waits for whoever reads it.
{{ config(materialized='ephemeral') }}

-- The moment that everything which depends on "now" is computed for. Never the clock: follow mode passes the time in.
select
    {% if var('as_of_time', none) is not none %}
    {{ utc_moment(var('as_of_time')) }} as as_of_time
    {% elif var('as_of', none) is not none %}
    -- A day is told: its end.
    {{ utc_midnight(dateadd('day', 1, "cast('" ~ var('as_of') ~ "' as date)")) }} as as_of_time
    {% else %}
    max(latest.event_time) as as_of_time
from (
    select max(e.event_time) as event_time from {{ ref('stg_transactions') }} as e
    union all
    select max(e.event_time) as event_time from {{ ref('stg_product_views') }} as e
    union all
    select max(e.event_time) as event_time from {{ ref('stg_cart_events') }} as e
) as latest
    {% endif %}
