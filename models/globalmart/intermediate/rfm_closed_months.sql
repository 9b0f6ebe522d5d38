{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='analysis_date',
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

bounds as (
    select
        (select {{ utc_date('min(sale.transaction_timestamp)') }} from {{ ref('fact_sales') }} as sale) as first_day,
        (select as_of.as_of_date from {{ ref('as_of') }} as as_of) as as_of_day
),

month_ends as (
    select dates.analysis_date
    from bounds
    cross join lateral {{ closed_month_ends('bounds.first_day', 'bounds.as_of_day') }} as dates
    {% if is_incremental() %}
    union
    -- Kept from a run with a later as_of: they have to follow late events as well.
    select kept.analysis_date
    from {{ this }} as kept
    {% endif %}
),

dates as (
    select month_ends.analysis_date
    from month_ends
    {% if is_incremental() %}
    where month_ends.analysis_date >= (
        select {{ utc_date('min(changed.transaction_timestamp)') }} from {{ changes(ref('fact_sales')) }} as changed
    )
    or month_ends.analysis_date not in (select kept.analysis_date from {{ this }} as kept)
    {% endif %}
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
