{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['date_id']},
        {'columns': ['geography_id']},
        {'columns': ['product_id_pk']},
        {'columns': ['customer_sk']},
        {'columns': ['session_id']},
        {'columns': ['event_timestamp']}
    ]
) }}

{% set keyed = 'carts' if is_incremental() else '' %}

with carts as (
    select e.*
    from {{ ref('stg_cart_events') }} as e
    {% if is_incremental() %}
    where e.event_id in (
        {% call recompute('event_id') %}
        {{ events_to_key_again(ref('stg_cart_events'), this) }}
        {% endcall %}
    )
    {% endif %}
)

select
    carts.event_id,
    carts.event_type,
    carts.session_id,
    {{ date_key('carts.event_date') }} as date_id,
    geography.geography_id,
    product.product_id_pk,
    customer.customer_sk,
    carts.user_id,
    carts.product_id,
    carts.quantity,
    carts.unit_price,
    carts.cart_value,
    carts.event_time as event_timestamp
from carts
left join {{ in_force(ref('dim_geography'), 'country', 'geography_id', events=keyed) }} as geography
    on geography.country = carts.country
    and carts.event_time >= geography.in_force_from
    and carts.event_time < geography.in_force_to
left join {{ in_force(ref('dim_products'), 'product_id', 'product_id_pk', events=keyed) }} as product
    on product.product_id = carts.product_id
    and carts.event_time >= product.in_force_from
    and carts.event_time < product.in_force_to
left join {{ in_force(ref('dim_customers'), 'user_id', 'customer_sk', events=keyed) }} as customer
    on customer.user_id = carts.user_id
    and carts.event_time >= customer.in_force_from
    and carts.event_time < customer.in_force_to
