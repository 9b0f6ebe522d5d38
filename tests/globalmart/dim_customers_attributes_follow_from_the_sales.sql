-- A version holds the last country that a purchase at a price gave before its end, and the days of the purchases until then.
with sales as (
    select
        version.customer_sk,
        sale.event_date,
        sale.event_type,
        sale.country,
        sale.event_type = 'purchase' and sale.unit_price > 0 and sale.country is not null as gives_country,
        row_number() over (partition by version.customer_sk order by {{ event_order('sale') }}) as nth
    from {{ ref('dim_customers') }} as version
    inner join {{ ref('stg_transactions') }} as sale
        on sale.user_id = version.user_id
        and sale.event_time < version.effective_to
),

summed as (
    select
        sales.customer_sk,
        max(case when sales.gives_country then sales.nth end) as country_at,
        min(case when sales.event_type = 'purchase' then sales.event_date end) as first_day,
        max(case when sales.event_type = 'purchase' then sales.event_date end) as last_day
    from sales
    group by sales.customer_sk
)

select version.customer_sk
from {{ ref('dim_customers') }} as version
left join summed
    on summed.customer_sk = version.customer_sk
left join sales as given
    on given.customer_sk = version.customer_sk
    and given.nth = summed.country_at
where version.country is distinct from given.country
    or version.first_transaction_date is distinct from summed.first_day
    or version.last_transaction_date is distinct from summed.last_day
    or version.avg_order_value is distinct from case
        when version.total_transactions > 0 then round(version.total_spent / version.total_transactions, 2)
    end
union all
-- Every customer who bought at a price is known from the first such purchase on.
select bought.user_id as customer_sk
from (
    select
        sale.user_id,
        min(sale.event_time) as first_bought
    from {{ ref('stg_transactions') }} as sale
    where sale.event_type = 'purchase'
        and sale.unit_price > 0
        and sale.user_id is not null
    group by sale.user_id
) as bought
full join (
    select
        version.user_id,
        min(version.effective_from) as first_from
    from {{ ref('dim_customers') }} as version
    group by version.user_id
) as known
    on known.user_id = bought.user_id
where known.first_from is distinct from bought.first_bought
