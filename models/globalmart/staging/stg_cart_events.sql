{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['product_id', 'event_time']},
        {'columns': ['user_id', 'event_time']},
        {'columns': ['session_id']},
        {'columns': ['event_time']}
    ]
) }}

select
    landing.event_id,
    landing.event_type,
    landing.event_time,
    {{ utc_date('landing.event_time') }} as event_date,
    {{ json_get('landing.payload', 'session_id') }} as session_id,
    {{ blank_to_null(json_get('landing.payload', 'user_id')) }} as user_id,
    -- A checkout is about the whole cart.
    case
        when landing.event_type <> 'checkout' then {{ json_get('landing.payload', 'product_id') }}
    end as product_id,
    cast({{ json_get('landing.payload', 'quantity') }} as bigint) as quantity,
    cast({{ json_get('landing.payload', 'unit_price') }} as numeric(18, 4)) as unit_price,
    cast({{ json_get('landing.payload', 'cart_value') }} as numeric(18, 2)) as cart_value,
    {{ blank_to_null(json_get('landing.payload', 'country')) }} as country,
    landing.landed_at,
    {{ coordinate_columns('landing') }}
from {{ first_landings(changes(source('raw', 'cart_events'))) }} as landing
{% if is_incremental() %}
where not {{ is_staged_from_before(this, 'landing') }}
{% endif %}
