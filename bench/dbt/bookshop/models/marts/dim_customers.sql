{{ config(
    grants={'select': ['bookshop_reader'], 'update': ['bookshop_writer']},
    persist_docs={'relation': true, 'columns': true}
) }}
select c.customer_id, c.customer_name, c.city, o.orders, o.spent, v.customer_id is not null as is_vip
from {{ ref('stg_customers') }} as c
left join {{ ref('int_customer_orders') }} as o using (customer_id)
left join {{ ref('base_vips') }} as v on v.customer_id = c.customer_id
