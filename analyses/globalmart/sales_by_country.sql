-- Sales by country, over all versions of each.
select
    geography.country,
    count(distinct sale.transaction_id) as num_orders,
    sum(sale.total_amount) as revenue,
    avg(sale.total_amount) as avg_line_amount
from {{ ref('fact_sales') }} as sale
inner join {{ ref('dim_geography') }} as geography
    on geography.geography_id = sale.geography_id
group by geography.country
order by revenue desc nulls last, {{ in_byte_order('geography.country') }} nulls last
