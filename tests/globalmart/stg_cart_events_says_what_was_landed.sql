-- Every field of a staged event is that of the landed record; blanks are null.
select staged.event_id
from {{ ref('stg_cart_events') }} as staged
inner join (
    select
        raw.event_id,
        raw.event_type,
        raw.event_time,
        raw.payload,
        {{ source_coordinates('raw') }}
    from {{ source('raw', 'cart_events') }} as raw
) as landed
    on landed.event_id = staged.event_id
    and ({{ coordinate_columns('landed') }}) = ({{ coordinate_columns('staged') }})
where staged.event_type <> landed.event_type
    or staged.event_time <> landed.event_time
    or staged.event_date <> {{ utc_date('landed.event_time') }}
    or staged.session_id is distinct from {{ json_get('landed.payload', 'session_id') }}
    or coalesce(staged.user_id, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'user_id')) }}, '')
    or staged.product_id is distinct from case
        when landed.event_type in ('add', 'remove', 'update') then {{ json_get('landed.payload', 'product_id') }}
    end
    or staged.quantity is distinct from {{ as_exact_number(json_get('landed.payload', 'quantity')) }}
    or staged.unit_price is distinct from round({{ as_exact_number(json_get('landed.payload', 'unit_price')) }}, 4)
    or staged.cart_value is distinct from round({{ as_exact_number(json_get('landed.payload', 'cart_value')) }}, 2)
    or coalesce(staged.country, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'country')) }}, '')
