-- Six segments, and together they are the latest RFM analysis.
select
    counted.segments,
    counted.customers,
    counted.revenue
from (
    select
        count(*) as segments,
        sum(segment.customer_count) as customers,
        sum(segment.total_revenue) as revenue
    from {{ ref('customer_segments') }} as segment
) as counted
cross join (
    select
        count(*) as customers,
        coalesce(sum(scores.monetary_value), 0) as revenue
    from {{ ref('rfm_analysis') }} as scores
    where scores.analysis_date = (select as_of.as_of_date from {{ ref('as_of') }} as as_of)
) as scored
where counted.segments <> 6
    or counted.customers <> scored.customers
    or counted.revenue <> scored.revenue
