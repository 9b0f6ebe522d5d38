-- Every field of a staged event is that of the landed record; blanks are null.
select staged.event_id
from {{ ref('stg_transactions') }} as staged
inner join (
    select
        raw.event_id,
        raw.event_type,
        raw.event_time,
        raw.payload,
        {{ source_coordinates('raw') }}
    from {{ source('raw', 'transactions') }} as raw
) as landed
    on landed.event_id = staged.event_id
    and ({{ coordinate_columns('landed') }}) = ({{ coordinate_columns('staged') }})
where staged.event_type <> landed.event_type
    or staged.event_time <> landed.event_time
    or staged.event_date <> {{ utc_date('landed.event_time') }}
    or staged.transaction_id is distinct from {{ json_get('landed.payload', 'transaction_id') }}
    or staged.line_number is distinct from {{ as_exact_number(json_get('landed.payload', 'line_number')) }}
    or coalesce(staged.user_id, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'user_id')) }}, '')
    or staged.product_id is distinct from {{ json_get('landed.payload', 'product_id') }}
    or coalesce(staged.product_name, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'product_name')) }}, '')
    or coalesce(staged.category, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'category')) }}, '')
    or coalesce(staged.brand, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'brand')) }}, '')
    or staged.unit_price is distinct from round({{ as_exact_number(json_get('landed.payload', 'unit_price')) }}, 4)
    or staged.quantity is distinct from {{ as_exact_number(json_get('landed.payload', 'quantity')) }}
    or staged.discount_amount <> round(coalesce({{ as_exact_number(json_get('landed.payload', 'discount_amount')) }}, 0), 2)
    or staged.total_amount <> round(
        coalesce(
            {{ as_exact_number(json_get('landed.payload', 'total_amount')) }},
            {{ as_exact_number(json_get('landed.payload', 'quantity')) }}
            * {{ as_exact_number(json_get('landed.payload', 'unit_price')) }}
            - coalesce({{ as_exact_number(json_get('landed.payload', 'discount_amount')) }}, 0)
        ),
        2
    )
    or coalesce(staged.payment_method, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'payment_method')) }}, '')
    or coalesce(staged.country, '') <> coalesce({{ blank_to_null(json_get('landed.payload', 'country')) }}, '')
    or staged.stock_after is distinct from {{ as_exact_number(json_get('landed.payload', 'stock_after')) }}
