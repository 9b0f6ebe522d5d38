-- Days, weeks and months each add up to all sales, and no period of a country stands twice.
select trend.period_type
from {{ ref('sales_trends') }} as trend
group by trend.period_type
having sum(trend.revenue) <> (
        select sum(sale.total_amount)
        from {{ ref('fact_sales') }} as sale
        cross join {{ ref('as_of') }} as as_of
        where {{ utc_date('sale.transaction_timestamp') }} <= as_of.as_of_date
    )
union all
select trend.period_type
from {{ ref('sales_trends') }} as trend
group by trend.period_type, trend.period_start, trend.country
having count(*) > 1
