select order_id, customer_id, total, copies, status, channel from {{ ref('int_orders_with_totals') }}
