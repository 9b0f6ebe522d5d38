-- Every fact has the version that was in force at its time, or the first one, or null where there is none.
{{ wrongly_keyed(
    ref('fact_cart_events'), 'event_timestamp', 'product_id_pk',
    ref('dim_products'), 'product_id', 'product_id_pk',
    ref('stg_cart_events'), 'product_id'
) }}
