-- Each period and country, counted once more over the calendar; growth from the rows of the table itself.
with sales as (
    select
        day.date,
        day.year,
        day.month,
        day.iso_year,
        day.week,
        coalesce(geography.country, 'Unknown') as country,
        sale.transaction_id,
        sale.event_type,
        sale.total_amount,
        sale.quantity
    from {{ ref('fact_sales') }} as sale
    inner join {{ ref('dim_date') }} as day
        on day.date_id = sale.date_id
    cross join {{ ref('as_of') }} as as_of
    left join {{ ref('dim_geography') }} as geography
        on geography.geography_id = sale.geography_id
    where day.date <= as_of.as_of_date
),

counted as (
    {% for unit, period in {'day': 'sales.date', 'week': 'sales.iso_year * 100 + sales.week', 'month': 'sales.year * 100 + sales.month'}.items() -%}
    select
        '{{ unit }}' as period_type,
        min({{ first_day(unit, 'sales.date') }}) as period_start,
        sales.country,
        sum(sales.total_amount) as revenue,
        count(distinct case when sales.event_type = 'purchase' then sales.transaction_id end) as orders,
        sum(sales.quantity) as units
    from sales
    group by {{ period }}, sales.country
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

compared as (
    select
        trend.*,
        (
            select previous.revenue
            from counted as previous
            where previous.country = trend.country
                and previous.period_type = trend.period_type
                and previous.period_start = {{ first_day('month', dateadd('day', -1, 'trend.period_start')) }}
                and trend.period_type = 'month'
        ) as previous_month,
        (
            select previous.revenue
            from counted as previous
            where previous.country = trend.country
                and previous.period_type = trend.period_type
                and {{ days_between('previous.period_start', 'trend.period_start') }} = case trend.period_type when 'day' then 1 when 'week' then 7 end
        ) as previous_days,
        (
            select past.revenue
            from counted as past
            where past.country = trend.country
                and past.period_type = trend.period_type
                and {{ dateadd('year', 1, 'past.period_start') }} = trend.period_start
                and extract(day from past.period_start) = extract(day from trend.period_start)
                and trend.period_type <> 'week'
        ) as past_date,
        (
            select past.revenue
            from counted as past
            where past.country = trend.country
                and past.period_type = trend.period_type
                and {{ days_between('past.period_start', 'trend.period_start') }} = 364
                and trend.period_type = 'week'
        ) as past_week
    from {{ ref('sales_trends') }} as trend
)

select
    coalesce(trend.period_type, counted.period_type) as period_type,
    coalesce(trend.period_start, counted.period_start) as period_start,
    coalesce(trend.country, counted.country) as country
from compared as trend
full join counted
    on counted.period_type = trend.period_type
    and counted.period_start = trend.period_start
    and counted.country = trend.country
where trend.revenue is distinct from counted.revenue
    or trend.orders is distinct from counted.orders
    or trend.units is distinct from counted.units
    or trend.previous_revenue is distinct from coalesce(trend.previous_month, trend.previous_days)
    or trend.year_before_revenue is distinct from coalesce(trend.past_date, trend.past_week)
    or trend.growth_rate is distinct from case
        when trend.previous_revenue <> 0
            then round((trend.revenue / trend.previous_revenue - 1) * 100, 2)
    end
    or trend.growth_rate_year is distinct from case
        when trend.year_before_revenue <> 0
            then round((trend.revenue / trend.year_before_revenue - 1) * 100, 2)
    end
