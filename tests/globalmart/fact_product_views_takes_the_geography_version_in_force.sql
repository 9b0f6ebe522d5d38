-- Every fact has the version that was in force at its time, or the first one, or null where there is none.
{{ wrongly_keyed(
    ref('fact_product_views'), 'view_timestamp', 'geography_id',
    ref('dim_geography'), 'country', 'geography_id',
    ref('stg_product_views'), 'country'
) }}
