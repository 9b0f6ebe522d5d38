-- Each product at each date, counted once more from the facts by then; the category from the version in force at the day's end.
with dates as (
    select distinct standing.analysis_date
    from {{ ref('product_performance') }} as standing
),

sold as (
    select
        dates.analysis_date,
        sale.product_id,
        count(distinct case when sale.event_type = 'purchase' then sale.transaction_id end) as sales,
        sum(sale.total_amount) as revenue,
        sum(sale.quantity) as units
    from dates
    inner join {{ ref('fact_sales') }} as sale
        on sale.transaction_timestamp < {{ utc_midnight(dateadd('day', 1, 'dates.analysis_date')) }}
    group by dates.analysis_date, sale.product_id
),

viewed as (
    select
        dates.analysis_date,
        view.product_id,
        count(*) as views
    from dates
    inner join {{ ref('fact_product_views') }} as view
        on view.view_timestamp < {{ utc_midnight(dateadd('day', 1, 'dates.analysis_date')) }}
    where view.product_id is not null
    group by dates.analysis_date, view.product_id
),

counted as (
    select
        coalesce(sold.analysis_date, viewed.analysis_date) as analysis_date,
        coalesce(sold.product_id, viewed.product_id) as product_id,
        coalesce(sold.sales, 0) as sales,
        coalesce(sold.revenue, 0) as revenue,
        coalesce(sold.units, 0) as units,
        coalesce(viewed.views, 0) as views
    from sold
    full join viewed
        on viewed.analysis_date = sold.analysis_date
        and viewed.product_id = sold.product_id
)

select
    coalesce(counted.analysis_date, standing.analysis_date) as analysis_date,
    coalesce(counted.product_id, standing.product_id) as product_id
from counted
full join {{ ref('product_performance') }} as standing
    on standing.analysis_date = counted.analysis_date
    and standing.product_id = counted.product_id
left join {{ ref('dim_products') }} as version
    on version.product_id = standing.product_id
    and version.effective_from < {{ utc_midnight(dateadd('day', 1, 'standing.analysis_date')) }}
    and version.effective_to >= {{ utc_midnight(dateadd('day', 1, 'standing.analysis_date')) }}
where standing.total_sales is distinct from counted.sales
    or standing.total_revenue is distinct from counted.revenue
    or standing.total_units is distinct from counted.units
    or standing.total_views is distinct from counted.views
    or standing.category is distinct from version.category
    or standing.conversion_rate is distinct from case when counted.views > 0 then round(counted.sales * 100.0 / counted.views, 2) end
