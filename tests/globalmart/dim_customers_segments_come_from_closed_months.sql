-- A version's segment is the one of the last month that had closed when it began, New Customer before the first.
select
    customer.customer_sk,
    customer.customer_segment,
    scores.rfm_segment
from {{ ref('dim_customers') }} as customer
cross join {{ ref('as_of') }} as as_of
left join {{ ref('rfm_analysis') }} as scores
    on scores.user_id = customer.user_id
    and scores.analysis_date
        = {{ dateadd('day', -1, first_day('month', utc_date('customer.effective_from'))) }}
where customer.customer_segment <> coalesce(scores.rfm_segment, 'New Customer')
    -- A run for a day in the past has no analysis of the months after it.
    and {{ utc_date('customer.effective_from') }} <= as_of.as_of_date
