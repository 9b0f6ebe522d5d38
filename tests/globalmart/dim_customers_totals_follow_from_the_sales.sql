-- The totals of a version are those of the sales before its end.
with counted as (
    select
        customer.customer_sk,
        count(distinct sale.transaction_id) filter (where sale.event_type = 'purchase') as total_transactions,
        sum(sale.total_amount) as total_spent
    from {{ ref('dim_customers') }} as customer
    inner join {{ ref('fact_sales') }} as sale
        on sale.user_id = customer.user_id
        and sale.transaction_timestamp < customer.effective_to
    group by customer.customer_sk
)

select customer.customer_sk
from {{ ref('dim_customers') }} as customer
left join counted
    on counted.customer_sk = customer.customer_sk
where customer.total_transactions is distinct from counted.total_transactions
    or customer.total_spent is distinct from counted.total_spent
