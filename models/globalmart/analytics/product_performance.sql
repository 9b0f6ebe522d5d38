{{ config(
    materialized='table',
    indexes=[
        {'columns': ['analysis_date', 'product_id'], 'unique': true},
        {'columns': ['analysis_date', 'rank']}
    ]
) }}

-- Built whole each time. A landing that takes the place of another may move an event to another day or product, a late rename changes
-- the category on past dates, and a run for an earlier day takes rows away: no list of new rows names all the dates that this touches.
with bounds as (
    select
        (
            -- The day of the first moment and not the first of the days: an index knows that moment.
            select {{ utc_date('min(first.moment)') }}
            from (
                select min(sale.transaction_timestamp) as moment from {{ ref('fact_sales') }} as sale
                union all
                select min(viewed.view_timestamp) as moment from {{ ref('fact_product_views') }} as viewed
            ) as first
        ) as first_day,
        (select as_of.as_of_date from {{ ref('as_of') }} as as_of) as as_of_day
),

dates as (
    select closed.analysis_date
    from bounds
    cross join lateral {{ closed_month_ends('bounds.first_day', 'bounds.as_of_day') }} as closed
    union all
    select bounds.as_of_day as analysis_date
    from bounds
    where bounds.as_of_day is not null
)

select
    standing.analysis_date,
    standing.product_id,
    standing.category,
    standing.total_sales,
    standing.total_revenue,
    standing.total_units,
    standing.total_views,
    standing.conversion_rate,
    standing.rank
from {{ product_standing('dates') }} as standing
