with source as (
    select * from {{ ref('raw_orders') }}
)

select
    id as order_id,
    customer_id,
    ordered_on,
    {{ dbt.date_trunc('month', 'ordered_on') }}::date as order_month,
    status
from source
where ordered_on >= '{{ var("first_day") }}'
