{{ config(materialized='view') }}

-- The closed months and the day of the analysis. A day that has passed without ending a month leaves no trace.
{% set columns -%}
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
{%- endset %}

select
    {{ columns }}
from {{ ref('rfm_closed_months') }} as scores
where scores.analysis_date < (select max(today.analysis_date) from {{ ref('rfm_as_of') }} as today)
union all
select
    {{ columns }}
from {{ ref('rfm_as_of') }} as scores
