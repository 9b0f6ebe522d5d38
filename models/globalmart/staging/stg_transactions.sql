{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['product_id', 'event_time']},
        {'columns': ['user_id', 'event_time']},
        {'columns': ['event_time']}
    ]
) }}

with typed as (
    select
        landing.event_id,
        landing.event_type,
        landing.event_time,
        {{ json_get('landing.payload', 'transaction_id') }} as transaction_id,
        cast({{ json_get('landing.payload', 'line_number') }} as integer) as line_number,
        {{ blank_to_null(json_get('landing.payload', 'user_id')) }} as user_id,
        {{ json_get('landing.payload', 'product_id') }} as product_id,
        {{ blank_to_null(json_get('landing.payload', 'product_name')) }} as product_name,
        {{ blank_to_null(json_get('landing.payload', 'category')) }} as category,
        {{ blank_to_null(json_get('landing.payload', 'brand')) }} as brand,
        {{ as_exact_number(json_get('landing.payload', 'unit_price')) }} as exact_price,
        cast({{ json_get('landing.payload', 'quantity') }} as bigint) as quantity,
        coalesce({{ as_exact_number(json_get('landing.payload', 'discount_amount')) }}, 0) as exact_discount,
        {{ as_exact_number(json_get('landing.payload', 'total_amount')) }} as exact_total,
        {{ blank_to_null(json_get('landing.payload', 'payment_method')) }} as payment_method,
        {{ blank_to_null(json_get('landing.payload', 'country')) }} as country,
        cast({{ json_get('landing.payload', 'stock_after') }} as bigint) as stock_after,
        landing.landed_at,
        {{ coordinate_columns('landing') }}
    from {{ first_landings(changes(source('raw', 'transactions'))) }} as landing
    {% if is_incremental() %}
    where not {{ is_staged_from_before(this, 'landing') }}
    {% endif %}
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
