select status, count(*) as orders from {{ ref('con_orders') }} group by status
