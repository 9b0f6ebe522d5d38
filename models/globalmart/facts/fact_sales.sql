{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['date_id']},
        {'columns': ['geography_id']},
        {'columns': ['product_id_pk']},
        {'columns': ['customer_sk']},
        {'columns': ['transaction_timestamp']}
    ]
) }}

{% set keyed = 'sales' if is_incremental() else '' %}

with sales as (
    select e.*
    from {{ ref('stg_transactions') }} as e
    {% if is_incremental() %}
    where e.event_id in (
        {% call recompute('event_id') %}
        {{ events_to_key_again(ref('stg_transactions'), this) }}
        {% endcall %}
    )
    {% endif %}
)

select
    sales.event_id,
    sales.transaction_id,
    sales.line_number,
    sales.event_type,
    {{ date_key('sales.event_date') }} as date_id,
    geography.geography_id,
    product.product_id_pk,
    customer.customer_sk,
    sales.user_id,
    sales.product_id,
    sales.quantity,
    sales.unit_price,
    sales.discount_amount,
    sales.total_amount,
    sales.payment_method,
    sales.event_time as transaction_timestamp
from sales
left join {{ in_force(ref('dim_geography'), 'country', 'geography_id', events=keyed) }} as geography
    on geography.country = sales.country
    and sales.event_time >= geography.in_force_from
    and sales.event_time < geography.in_force_to
left join {{ in_force(ref('dim_products'), 'product_id', 'product_id_pk', events=keyed) }} as product
    on product.product_id = sales.product_id
    and sales.event_time >= product.in_force_from
    and sales.event_time < product.in_force_to
left join {{ in_force(ref('dim_customers'), 'user_id', 'customer_sk', events=keyed) }} as customer
    on customer.user_id = sales.user_id
    and sales.event_time >= customer.in_force_from
    and sales.event_time < customer.in_force_to
