{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['product_id', 'event_time']},
        {'columns': ['user_id', 'event_time']},
        {'columns': ['event_time']}
    ]
) }}

with landed as (
    select
        raw.event_id,
        raw.event_type,
        raw.event_time,
        raw.landed_at,
        raw.payload,
        {{ source_coordinates('raw') }}
    from {{ changes(source('raw', 'transactions')) }} as raw
),

-- An event that was sent twice is one event: the first by its coordinates, whichever landed first.
ranked as (
    select
        landed.*,
        row_number() over (
            partition by landed.event_id
            order by {{ coordinate_columns('landed') }}
        ) as nth
    from landed
),

typed as (
    select
        first.event_id,
        first.event_type,
        first.event_time,
        {{ blank_to_null(json_get('first.payload', 'transaction_id')) }} as transaction_id,
        cast({{ json_get('first.payload', 'line_number') }} as integer) as line_number,
        {{ blank_to_null(json_get('first.payload', 'user_id')) }} as user_id,
        {{ blank_to_null(json_get('first.payload', 'product_id')) }} as product_id,
        {{ blank_to_null(json_get('first.payload', 'product_name')) }} as product_name,
        {{ blank_to_null(json_get('first.payload', 'category')) }} as category,
        {{ blank_to_null(json_get('first.payload', 'brand')) }} as brand,
        cast({{ json_get('first.payload', 'unit_price') }} as numeric) as exact_price,
        cast({{ json_get('first.payload', 'quantity') }} as bigint) as quantity,
        coalesce(cast({{ json_get('first.payload', 'discount_amount') }} as numeric), 0) as exact_discount,
        cast({{ json_get('first.payload', 'total_amount') }} as numeric) as exact_total,
        {{ blank_to_null(json_get('first.payload', 'payment_method')) }} as payment_method,
        {{ blank_to_null(json_get('first.payload', 'country')) }} as country,
        cast({{ json_get('first.payload', 'stock_after') }} as bigint) as stock_after,
        first.landed_at,
        {{ coordinate_columns('first') }}
    from ranked as first
    where first.nth = 1
)

select
    typed.event_id,
    typed.event_type,
    typed.event_time,
    {{ utc_date('typed.event_time') }} as event_date,
    typed.transaction_id,
    typed.line_number,
    typed.user_id,
    typed.product_id,
    typed.product_name,
    typed.category,
    typed.brand,
    cast(typed.exact_price as numeric(18, 4)) as unit_price,
    typed.quantity,
    cast(typed.exact_discount as numeric(18, 2)) as discount_amount,
    -- Rounded once, from the exact figures.
    cast(
        coalesce(typed.exact_total, typed.quantity * typed.exact_price - typed.exact_discount)
        as numeric(18, 2)
    ) as total_amount,
    typed.payment_method,
    typed.country,
    typed.stock_after,
    typed.landed_at,
    {{ coordinate_columns('typed') }}
from typed
{% if is_incremental() %}
-- A later landing replaces what is staged only when its coordinates come first, so every order of landing ends alike.
where not exists (
    select 1
    from {{ this }} as staged
    where staged.event_id = typed.event_id
        and ({{ coordinate_columns('staged') }}) <= ({{ coordinate_columns('typed') }})
)
{% endif %}
