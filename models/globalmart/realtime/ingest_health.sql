{{ config(materialized='view') }}

-- The one model that looks at the clock: how the landing is doing now. Only the last hour is read, so that it stays quick.
with landed as (
    select l.topic, l.event_time, l.landed_at, 'landed' as outcome
    from {{ source('raw', 'transactions') }} as l
    where l.landed_at > {{ add_seconds('current_timestamp', -3600) }}
    union all
    select l.topic, l.event_time, l.landed_at, 'landed' as outcome
    from {{ source('raw', 'product_views') }} as l
    where l.landed_at > {{ add_seconds('current_timestamp', -3600) }}
    union all
    select l.topic, l.event_time, l.landed_at, 'landed' as outcome
    from {{ source('raw', 'cart_events') }} as l
    where l.landed_at > {{ add_seconds('current_timestamp', -3600) }}
    union all
    select d.topic, cast(null as timestamptz) as event_time, d.landed_at, 'dead' as outcome
    from {{ source('raw', 'dead_letters') }} as d
    where d.landed_at > {{ add_seconds('current_timestamp', -3600) }}
)

select
    topics.topic,
    count(case when landed.outcome = 'landed' then 1 end) as rows_last_hour,
    count(case when landed.outcome = 'dead' then 1 end) as dead_letters_last_hour,
    max(landed.landed_at) as last_landed_at,
    max(landed.event_time) as last_event_at,
    cast({{ seconds_between('max(landed.landed_at)', 'current_timestamp') }} as numeric(18, 3)) as seconds_since_landing,
    -- How long the events of the hour had been on their way, at worst.
    cast(max({{ seconds_between('landed.event_time', 'landed.landed_at') }}) as numeric(18, 3)) as lag_seconds
from (
    select 'transactions-topic' as topic
    union all
    select 'product-views-topic' as topic
    union all
    select 'cart-events-topic' as topic
) as topics
left join landed
    on landed.topic = topics.topic
group by topics.topic
