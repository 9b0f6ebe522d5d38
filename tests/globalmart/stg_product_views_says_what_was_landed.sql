-- Every field of a staged event is that of the landed record; blanks are null.
select staged.event_id
from {{ ref('stg_product_views') }} as staged
inner join (
    select
        raw.event_id,
        raw.event_type,
        raw.event_time,
        raw.payload,
        {{ source_coordinates('raw') }}
    from {{ source('raw', 'product_views') }} as raw
) as landed
    on landed.event_id = staged.event_id
    and ({{ coordinate_columns('landed') }}) = ({{ coordinate_columns('staged') }})
where staged.event_type <> landed.event_type
    or staged.event_time <> landed.event_time
    or staged.event_date <> {{ utc_date('landed.event_time') }}
    or staged.session_id is distinct from {{ json_get('landed.payload', 'session_id') }}
    or coalesce(staged.user_id, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'user_id')) }}, '')
    or staged.product_id is distinct from case
        when landed.event_type in ('search', 'filter') then null
        else {{ json_get('landed.payload', 'product_id') }}
    end
    or coalesce(staged.category, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'category')) }}, '')
    or coalesce(staged.search_query, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'search_query')) }}, '')
    or staged.dwell_ms is distinct from {{ as_exact_number(json_get('landed.payload', 'dwell_ms')) }}
    or coalesce(staged.device, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'device')) }}, '')
    or coalesce(staged.country, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'country')) }}, '')
