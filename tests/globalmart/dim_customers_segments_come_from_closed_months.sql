-- A version's segment is the one of the last month that had closed when it began, New Customer before the first.
select
    customer.customer_sk,
    customer.customer_segment,
    scores.rfm_segment
from {{ ref('dim_customers') }} as customer
left join {{ ref('rfm_analysis') }} as scores
    on scores.user_id = customer.user_id
    and scores.analysis_date
        = {{ dateadd('day', -1, first_day('month', utc_date('customer.effective_from'))) }}
where customer.customer_segment <> coalesce(scores.rfm_segment, 'New Customer')
