-- Every fact has the version that was in force at its time, or the first one, or null where there is none.
{{ wrongly_keyed(
    ref('fact_cart_events'), 'event_timestamp', 'customer_sk',
    ref('dim_customers'), 'user_id', 'customer_sk',
    ref('stg_cart_events'), 'user_id'
) }}
