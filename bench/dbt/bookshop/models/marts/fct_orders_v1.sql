select order_id, customer_id, total from {{ ref('int_orders_with_totals') }}
