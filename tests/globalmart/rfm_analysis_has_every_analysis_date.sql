-- The ends of the closed months from the first purchase of a customer on, and as_of; the calendar says which they are.
with wanted as (
    select day.date as analysis_date
    from {{ ref('dim_date') }} as day
    cross join {{ ref('as_of') }} as as_of
    where day.date_id >= (
            select min(sale.date_id)
            from {{ ref('fact_sales') }} as sale
            where sale.event_type = 'purchase'
                and sale.user_id is not null
        )
        and (day.date = as_of.as_of_date or (day.is_month_end and day.date < as_of.as_of_date))
)

select coalesce(wanted.analysis_date, found.analysis_date) as analysis_date
from wanted
full join (select distinct scores.analysis_date from {{ ref('rfm_analysis') }} as scores) as found
    on found.analysis_date = wanted.analysis_date
where wanted.analysis_date is null
    or found.analysis_date is null
