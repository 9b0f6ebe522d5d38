{{ config(full_refresh=false, incremental_strategy='append') }}
select customer_id, customer_name from {{ ref('stg_customers') }} as c
{% if is_incremental() %}where not exists (select from {{ this }} as t where t.customer_id = c.customer_id){% endif %}
