{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['date_id']},
        {'columns': ['geography_id']},
        {'columns': ['product_id_pk']},
        {'columns': ['customer_sk']},
        {'columns': ['view_timestamp']}
    ]
) }}

{% set keyed = 'views' if is_incremental() else '' %}

with views as (
    select e.*
    from {{ ref('stg_product_views') }} as e
    {% if is_incremental() %}
    where e.event_id in (
        {% call recompute('event_id') %}
        {{ events_to_key_again(ref('stg_product_views'), this) }}
        {% endcall %}
    )
    {% endif %}
)

select
    views.event_id,
    views.event_type,
    views.session_id,
    {{ date_key('views.event_date') }} as date_id,
    geography.geography_id,
    product.product_id_pk,
    customer.customer_sk,
    views.user_id,
    views.product_id,
    views.category,
    views.search_query,
    views.dwell_ms,
    views.device,
    views.event_time as view_timestamp
from views
left join {{ in_force(ref('dim_geography'), 'country', 'geography_id', events=keyed) }} as geography
    on geography.country = views.country
    and views.event_time >= geography.in_force_from
    and views.event_time < geography.in_force_to
left join {{ in_force(ref('dim_products'), 'product_id', 'product_id_pk', events=keyed) }} as product
    on product.product_id = views.product_id
    and views.event_time >= product.in_force_from
    and views.event_time < product.in_force_to
left join {{ in_force(ref('dim_customers'), 'user_id', 'customer_sk', events=keyed) }} as customer
    on customer.user_id = views.user_id
    and views.event_time >= customer.in_force_from
    and views.event_time < customer.in_force_to
