{{ config(
    materialized='table',
    indexes=[{'columns': ['segment_name'], 'unique': true}]
) }}

-- Always the six segments, also those without customers; the latest analysis only, its history is in rfm_analysis.
with latest as (
    select
        scores.analysis_date,
        scores.rfm_segment,
        scores.recency_days,
        scores.frequency_count,
        scores.monetary_value
    from {{ ref('rfm_as_of') }} as scores
)

select
    as_of.as_of_date as analysis_date,
    segment.segment_name,
    count(latest.rfm_segment) as customer_count,
    cast(coalesce(sum(latest.monetary_value), 0) as numeric(18, 2)) as total_revenue,
    cast(coalesce(sum(latest.frequency_count), 0) as bigint) as total_orders,
    cast(sum(latest.monetary_value) / nullif(sum(latest.frequency_count), 0) as numeric(18, 2)) as avg_order_value,
    cast(avg(latest.monetary_value) as numeric(18, 2)) as avg_customer_value,
    cast(avg(latest.recency_days) as numeric(18, 2)) as avg_recency_days
from {{ ref('segments') }} as segment
cross join {{ ref('as_of') }} as as_of
left join latest
    on latest.rfm_segment = segment.segment_name
group by as_of.as_of_date, segment.segment_name
