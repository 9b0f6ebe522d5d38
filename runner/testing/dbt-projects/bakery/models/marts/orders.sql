{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='delete+insert') }}

select
    o.order_id,
    o.customer_id,
    o.ordered_on,
    o.order_month,
    o.status,
    {{ total('p.amount') }} as amount,
    {{ dbt.hash(dbt.concat(["o.order_id::text", "'-'", "o.status"])) }} as row_hash
from {{ ref('stg_orders') }} as o
left join {{ ref('stg_payments') }} as p on p.order_id = o.order_id
{% if is_incremental() %}
where o.ordered_on >= (select max(ordered_on) from {{ this }})
{% endif %}
group by 1, 2, 3, 4, 5
