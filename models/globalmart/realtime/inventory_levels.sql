{{ config(
    materialized='incremental',
    unique_key='product_id',
    indexes=[{'columns': ['stock']}]
) }}

-- The stock after the latest sale or return that tells it, by the event's time and not by its arrival.
with told as (
    select
        e.product_id,
        e.product_name,
        e.stock_after,
        e.event_time,
        row_number() over (
            partition by e.product_id
            order by e.event_time desc nulls last, e.source_kind desc nulls last, e.source_name desc nulls last,
                e.source_partition desc nulls last, e.source_position desc nulls last, e.event_id desc nulls last
        ) as nth_from_last
    from {{ ref('stg_transactions') }} as e
    where e.stock_after is not null
        {% if is_incremental() %}
        and e.product_id in (
            {% call recompute('product_id') %}
            select touched.product_id from {{ changed_keys(ref('stg_transactions'), 'product_id') }} as touched
            {% endcall %}
        )
        {% endif %}
)

select
    told.product_id,
    told.product_name,
    told.stock_after as stock,
    told.event_time as told_at
from told
where told.nth_from_last = 1
