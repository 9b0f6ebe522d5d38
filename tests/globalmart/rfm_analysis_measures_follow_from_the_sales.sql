-- Recency, frequency and monetary value, counted once more from the sales before the end of each analysis date.
with dates as (
    select distinct scores.analysis_date
    from {{ ref('rfm_analysis') }} as scores
),

counted as (
    select
        dates.analysis_date,
        sale.user_id,
        dates.analysis_date - max({{ utc_date('sale.transaction_timestamp') }})
            filter (where sale.event_type = 'purchase') as recency_days,
        count(distinct sale.transaction_id) filter (where sale.event_type = 'purchase') as frequency_count,
        sum(sale.total_amount) as monetary_value
    from dates
    inner join {{ ref('fact_sales') }} as sale
        on sale.transaction_timestamp < {{ utc_midnight(dateadd('day', 1, 'dates.analysis_date')) }}
    where sale.user_id is not null
    group by dates.analysis_date, sale.user_id
    having bool_or(sale.event_type = 'purchase')
)

select
    coalesce(counted.analysis_date, scores.analysis_date) as analysis_date,
    coalesce(counted.user_id, scores.user_id) as user_id
from counted
full join {{ ref('rfm_analysis') }} as scores
    on scores.analysis_date = counted.analysis_date
    and scores.user_id = counted.user_id
where scores.recency_days is distinct from counted.recency_days
    or scores.frequency_count is distinct from counted.frequency_count
    or scores.monetary_value is distinct from counted.monetary_value
