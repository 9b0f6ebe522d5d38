{{ config(
    materialized='incremental',
    unique_key='session_id',
    indexes=[{'columns': ['last_event_at']}]
) }}

with carts as (
    select
        e.*,
        row_number() over (
            partition by e.session_id
            order by e.event_time desc nulls last, e.source_kind desc nulls last, e.source_name desc nulls last,
                e.source_partition desc nulls last, e.source_position desc nulls last, e.event_id desc nulls last
        ) as nth_from_last
    from {{ ref('stg_cart_events') }} as e
    {% if is_incremental() %}
    where e.session_id in (
        {% call recompute('session_id') %}
        select touched.session_id from {{ changed_keys(ref('stg_cart_events'), 'session_id') }} as touched
        {% endcall %}
    )
    {% endif %}
)

select
    carts.session_id,
    max(carts.user_id) as user_id,
    max(carts.country) as country,
    min(carts.event_time) as first_event_at,
    max(carts.event_time) as last_event_at,
    min(case when carts.event_type = 'checkout' then carts.event_time end) as checked_out_at,
    coalesce(sum(case when carts.event_type = 'add' then carts.quantity end), 0) as added_units,
    coalesce(sum(case when carts.event_type = 'remove' then carts.quantity end), 0) as removed_units,
    max(case when carts.nth_from_last = 1 then carts.cart_value end) as cart_value
from carts
group by carts.session_id
