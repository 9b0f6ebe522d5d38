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
    -- Searches and filters are not about one product.
    case
        when landing.event_type = 'view' then {{ json_get('landing.payload', 'product_id') }}
    end as product_id,
    {{ blank_to_null(json_get('landing.payload', 'category')) }} as category,
    {{ blank_to_null(json_get('landing.payload', 'search_query')) }} as search_query,
    cast({{ json_get('landing.payload', 'dwell_ms') }} as bigint) as dwell_ms,
    {{ blank_to_null(json_get('landing.payload', 'device')) }} as device,
    {{ blank_to_null(json_get('landing.payload', 'country')) }} as country,
    landing.landed_at,
    {{ coordinate_columns('landing') }}
from {{ first_landings(changes(source('raw', 'product_views'))) }} as landing
{% if is_incremental() %}
where not {{ is_staged_from_before(this, 'landing') }}
{% endif %}
