{{ config(
    materialized='incremental',
    unique_key='event_id',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['date_id']},
        {'columns': ['product_id_pk']},
        {'columns': ['transaction_id']},
        {'columns': ['user_id']},
        {'columns': ['transaction_timestamp']}
    ]
) }}

with sales as (
    select e.*
    from {{ ref('stg_transactions') }} as e
    {% if is_incremental() %}
    where e.event_id in (
        select changed.event_id
        from {{ changes(ref('stg_transactions')) }} as changed
        union
        -- Facts in an interval that is new or corrected are keyed again; a first version also takes all that came before it.
        select keyed.event_id
        from {{ in_force_of_changed(changes(ref('dim_products'), 'versions'), ref('dim_products'), 'product_id') }} as version
        inner join {{ ref('stg_transactions') }} as keyed
            on keyed.product_id = version.product_id
            and keyed.event_time >= version.in_force_from
            and keyed.event_time < version.in_force_to
    )
    {% endif %}
)

select
    sales.event_id,
    sales.transaction_id,
    sales.line_number,
    sales.event_type,
    {{ date_key('sales.event_date') }} as date_id,
    product.product_id_pk,
    sales.user_id,
    sales.quantity,
    sales.unit_price,
    sales.discount_amount,
    sales.total_amount,
    sales.payment_method,
    sales.event_time as transaction_timestamp
from sales
left join {{ in_force(
    ref('dim_products'), 'product_id', 'product_id_pk',
    keys='version.product_id in (select sales.product_id from sales)'
) }} as product
    on product.product_id = sales.product_id
    and sales.event_time >= product.in_force_from
    and sales.event_time < product.in_force_to
