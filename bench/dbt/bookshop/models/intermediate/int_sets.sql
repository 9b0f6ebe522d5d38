select customer_id from {{ ref('stg_customers') }}
{{ dbt.except() }}
select customer_id from {{ ref('stg_orders') }}
