-- Every sale has the product version that was in force at its time, or the first one, or null where there is none.
{{ wrongly_keyed(
    ref('fact_sales'), 'transaction_timestamp', 'product_id_pk',
    ref('dim_products'), 'product_id', 'product_id_pk',
    ref('stg_transactions'), 'product_id'
) }}
