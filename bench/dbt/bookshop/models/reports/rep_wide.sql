select a.*, b.channel from {{ ref('inc_orders_merge') }} as a join {{ ref('inc_orders_by_key') }} as b using (order_id)
