{{ config(
    materialized='table',
    indexes=[{'columns': ['analysis_date', 'user_id'], 'unique': true}]
) }}

with events as (
    select
        sale.user_id,
        sale.transaction_id,
        sale.event_type,
        sale.total_amount,
        {{ utc_date('sale.transaction_timestamp') }} as event_date
    from {{ ref('fact_sales') }} as sale
    where sale.user_id is not null
),

dates as (
    select as_of.as_of_date as analysis_date
    from {{ ref('as_of') }} as as_of
)

select
    scores.analysis_date,
    scores.user_id,
    scores.recency_days,
    scores.frequency_count,
    scores.monetary_value,
    scores.r_score,
    scores.f_score,
    scores.m_score,
    scores.rfm_score,
    scores.rfm_segment
from {{ rfm('events', 'dates') }} as scores
