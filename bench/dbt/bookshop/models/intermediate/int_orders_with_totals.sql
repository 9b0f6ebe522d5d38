select o.*, coalesce(t.total, 0) as total, coalesce(t.copies, 0) as copies
from {{ ref('stg_orders') }} as o
left join {{ ref('base_order_totals') }} as t using (order_id)
