-- Every fact has the version that was in force at its time, or the first one, or null where there is none.
{{ wrongly_keyed(
    ref('fact_cart_events'), 'event_timestamp', 'geography_id',
    ref('dim_geography'), 'country', 'geography_id',
    ref('stg_cart_events'), 'country'
) }}
