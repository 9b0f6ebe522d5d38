{{ config(
    materialized='incremental',
    unique_key='session_id',
    indexes=[{'columns': ['ended_at']}]
) }}

with
{% if is_incremental() %}
touched as (
    {% call recompute('session_id') %}
    select moved.session_id from {{ changed_keys(ref('stg_product_views'), 'session_id') }} as moved
    union
    select moved.session_id from {{ changed_keys(ref('stg_cart_events'), 'session_id') }} as moved
    {% endcall %}
),
{% endif %}

steps as (
    select look.session_id, look.user_id, look.country, look.event_type, look.event_time
    from {{ ref('stg_product_views') }} as look
    {% if is_incremental() %}
    inner join touched on touched.session_id = look.session_id
    {% endif %}
    union all
    select cart.session_id, cart.user_id, cart.country, cart.event_type, cart.event_time
    from {{ ref('stg_cart_events') }} as cart
    {% if is_incremental() %}
    inner join touched on touched.session_id = cart.session_id
    {% endif %}
)

select
    steps.session_id,
    max(steps.user_id) as user_id,
    max(steps.country) as country,
    min(steps.event_time) as started_at,
    max(steps.event_time) as ended_at,
    cast({{ seconds_between('min(steps.event_time)', 'max(steps.event_time)') }} as numeric(18, 3)) as duration_seconds,
    count(case when steps.event_type = 'view' then 1 end) as views,
    count(case when steps.event_type in ('search', 'filter') then 1 end) as searches,
    count(case when steps.event_type in ('add', 'remove', 'update') then 1 end) as cart_changes,
    count(case when steps.event_type = 'checkout' then 1 end) as checkouts
from steps
where steps.session_id is not null
group by steps.session_id
