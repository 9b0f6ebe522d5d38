-- The next rank never has more revenue, and of equal revenues the product that sorts first stands first.
select
    neighbours.analysis_date,
    neighbours.product_id
from (
    select
        standing.analysis_date,
        standing.product_id,
        standing.total_revenue,
        lag(standing.product_id) over ranked as product_before,
        lag(standing.total_revenue) over ranked as revenue_before
    from {{ ref('product_performance') }} as standing
    window ranked as (partition by standing.analysis_date order by standing.rank nulls last)
) as neighbours
where neighbours.revenue_before < neighbours.total_revenue
    or (
        neighbours.revenue_before = neighbours.total_revenue
        and {{ in_byte_order('neighbours.product_before') }} > {{ in_byte_order('neighbours.product_id') }}
    )
