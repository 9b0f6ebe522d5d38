{{ config(
    materialized='incremental',
    unique_key=['analysis_date', 'user_id'],
    indexes=[{'columns': ['user_id']}]
) }}

-- From the staged events and not from the facts: the segments on dim_customers come from here, and facts need dim_customers.
with dates as (
    {% call recompute('analysis_date') %}
    with bounds as (
        select
            (select {{ utc_date('min(e.event_time)') }} from {{ ref('stg_transactions') }} as e) as first_day,
            (select as_of.as_of_date from {{ ref('as_of') }} as as_of) as as_of_day
    ),

    month_ends as (
        select closed.analysis_date
        from bounds
        cross join lateral {{ closed_month_ends('bounds.first_day', 'bounds.as_of_day') }} as closed
        {% if is_incremental() %}
        -- Left from a run for a later day, or from before the first event was told otherwise.
        union
        select kept.analysis_date
        from {{ this }} as kept
        {% endif %}
    )

    select month_ends.analysis_date
    from month_ends
    {% if is_incremental() %}
    -- What is new or was told otherwise changes every score from its own month on. Unchecked: rfm() reads all events up to the last date.
    where month_ends.analysis_date >= (
        select min(changed.event_date)
        from {{ changed_keys(ref('stg_transactions'), 'event_date', unchecked=true) }} as changed
    )
    or month_ends.analysis_date not in (select kept.analysis_date from {{ this }} as kept)
    -- A run for another day opens or closes months, and dim_customers has to hear of it.
    or month_ends.analysis_date in (
        select kept.analysis_date
        from {{ this }} as kept
        cross join bounds
        where kept.is_closed <> (kept.analysis_date < bounds.as_of_day)
    )
    {% endif %}
    {% endcall %}
)

select
    scores.analysis_date,
    scores.analysis_date < (select as_of.as_of_date from {{ ref('as_of') }} as as_of) as is_closed,
    scores.user_id,
    scores.recency_days,
    scores.frequency_count,
    scores.monetary_value,
    scores.r_score,
    scores.f_score,
    scores.m_score,
    scores.rfm_score,
    scores.rfm_segment
from {{ rfm(ref('stg_transactions'), 'dates') }} as scores
