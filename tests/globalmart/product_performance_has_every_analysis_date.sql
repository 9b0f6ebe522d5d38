-- The ends of the closed months from the first fact on, and as_of; the calendar says which they are.
with bounds as (
    select
        (select min(sale.date_id) from {{ ref('fact_sales') }} as sale) as first_sale,
        (select min(viewed.date_id) from {{ ref('fact_product_views') }} as viewed where viewed.product_id is not null) as first_view,
        (select as_of.as_of_date from {{ ref('as_of') }} as as_of) as as_of_date
),

wanted as (
    select day.date as analysis_date
    from {{ ref('dim_date') }} as day
    cross join bounds
    where day.date_id >= least(bounds.first_sale, bounds.first_view)
        and (day.date = bounds.as_of_date or (day.is_month_end and day.date < bounds.as_of_date))
)

select coalesce(wanted.analysis_date, found.analysis_date) as analysis_date
from wanted
full join (select distinct standing.analysis_date from {{ ref('product_performance') }} as standing) as found
    on found.analysis_date = wanted.analysis_date
where wanted.analysis_date is null
    or found.analysis_date is null
