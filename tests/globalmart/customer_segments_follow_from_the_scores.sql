-- Each segment's figures, counted once more from the latest scores.
select segment.segment_name
from {{ ref('customer_segments') }} as segment
cross join {{ ref('as_of') }} as as_of
left join {{ ref('rfm_analysis') }} as scores
    on scores.rfm_segment = segment.segment_name
    and scores.analysis_date = as_of.as_of_date
group by
    segment.segment_name,
    segment.analysis_date,
    segment.customer_count,
    segment.total_revenue,
    segment.total_orders,
    segment.avg_order_value,
    segment.avg_customer_value,
    segment.avg_recency_days,
    as_of.as_of_date
having segment.analysis_date is distinct from as_of.as_of_date
    or segment.customer_count <> count(scores.user_id)
    or segment.total_revenue <> coalesce(sum(scores.monetary_value), 0)
    or segment.total_orders <> coalesce(sum(scores.frequency_count), 0)
    or segment.avg_order_value is distinct from round(sum(scores.monetary_value) / sum(scores.frequency_count), 2)
    or segment.avg_customer_value is distinct from round(sum(scores.monetary_value) / nullif(count(scores.user_id), 0), 2)
    or segment.avg_recency_days is distinct from round(cast(sum(scores.recency_days) as numeric(18, 4)) / nullif(count(scores.user_id), 0), 2)
