select order_id, customer_id, total, copies, status from {{ ref('int_orders_with_totals') }}
