select l.line_id from {{ ref('stg_order_lines') }} as l
left join {{ ref('stg_orders') }} as o using (order_id)
where o.order_id is null
