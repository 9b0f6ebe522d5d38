select s.order_id, coalesce(t.total, 0) as total, coalesce(t.copies, 0) as copies, '{{ var("shop", "none") }}' as shop
from {{ ref('sales') }} as s
left join {{ ref('prices_per_order') }} as t using (order_id)
