{{ config(
    materialized='table',
    indexes=[{'columns': ['period_type', 'period_start', 'country'], 'unique': true}]
) }}

-- Built whole each time. A landing that takes the place of another may leave its old period without sales, and a run for an earlier day
-- takes periods away: no list of new rows names the periods that are gone.
with sale_days as (
    select
        coalesce(geography.country, 'Unknown') as country,
        {{ utc_date('sale.transaction_timestamp') }} as day,
        sale.transaction_id,
        -- Null where the transaction bought nothing that day, so that it is no order.
        max(case when sale.event_type = 'purchase' then sale.transaction_id end) as order_id,
        sum(sale.total_amount) as revenue,
        sum(sale.quantity) as units
    from {{ ref('fact_sales') }} as sale
    left join {{ ref('dim_geography') }} as geography
        on geography.geography_id = sale.geography_id
    where sale.transaction_timestamp < (
        select {{ utc_midnight(dateadd('day', 1, 'as_of.as_of_date')) }} from {{ ref('as_of') }} as as_of
    )
    group by
        coalesce(geography.country, 'Unknown'),
        {{ utc_date('sale.transaction_timestamp') }},
        sale.transaction_id
),

periods as (
    {% for unit in ['day', 'week', 'month'] -%}
    select
        '{{ unit }}' as period_type,
        {{ first_day(unit, 's.day') }} as period_start,
        s.country,
        cast(sum(s.revenue) as numeric(18, 2)) as revenue,
        count(distinct s.order_id) as orders,
        cast(sum(s.units) as bigint) as units
    from sale_days as s
    group by {{ first_day(unit, 's.day') }}, s.country
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    p.period_type,
    p.period_start,
    p.country,
    p.revenue,
    p.orders,
    p.units,
    previous.revenue as previous_revenue,
    {{ percent('p.revenue - previous.revenue', 'previous.revenue') }} as growth_rate,
    year_before.revenue as year_before_revenue,
    {{ percent('p.revenue - year_before.revenue', 'year_before.revenue') }} as growth_rate_year
from periods as p
left join periods as previous
    on previous.period_type = p.period_type
    and previous.country = p.country
    and previous.period_start = case p.period_type
        when 'day' then {{ dateadd('day', -1, 'p.period_start') }}
        when 'week' then {{ dateadd('day', -7, 'p.period_start') }}
        else {{ dateadd('month', -1, 'p.period_start') }}
    end
left join periods as year_before
    on year_before.period_type = p.period_type
    and year_before.country = p.country
    and year_before.period_start = case
        when p.period_type = 'week' then {{ dateadd('day', -364, 'p.period_start') }}
        -- The 29th of February has no day a year before.
        when extract(day from p.period_start) = extract(day from {{ dateadd('year', -1, 'p.period_start') }})
            then {{ dateadd('year', -1, 'p.period_start') }}
    end
