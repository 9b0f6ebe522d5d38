-- At every analysis date revenue, units and views of the products are those of the facts by then, and ranks have no gap.
select standing.analysis_date
from {{ ref('product_performance') }} as standing
group by standing.analysis_date
having sum(standing.total_revenue) <> (
        select coalesce(sum(sale.total_amount), 0)
        from {{ ref('fact_sales') }} as sale
        where {{ utc_date('sale.transaction_timestamp') }} <= standing.analysis_date
    )
    or sum(standing.total_sales) <> (
        select count(distinct (sale.product_id, sale.transaction_id))
        from {{ ref('fact_sales') }} as sale
        where sale.event_type = 'purchase'
            and {{ utc_date('sale.transaction_timestamp') }} <= standing.analysis_date
    )
    or sum(standing.total_views) <> (
        select count(*)
        from {{ ref('fact_product_views') }} as viewed
        where viewed.product_id is not null
            and {{ utc_date('viewed.view_timestamp') }} <= standing.analysis_date
    )
    or max(standing.rank) <> count(*)
    or count(distinct standing.product_id) <> count(*)
