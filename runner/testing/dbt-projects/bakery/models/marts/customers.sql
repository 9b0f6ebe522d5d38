{% set methods = var('payment_methods') %}

with orders as (
    select * from {{ ref('stg_orders') }}
),

payments as (
    select
        order_id,
        {% for method in methods -%}
        sum(case when method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
        {% endfor -%}
        sum(amount) as total_amount
    from {{ ref('stg_payments') }}
    group by order_id
)

select
    c.customer_id,
    c.customer_name,
    min(o.ordered_on) as first_order,
    max(o.ordered_on) as last_order,
    {{ dbt.datediff('min(o.ordered_on)', 'max(o.ordered_on)', 'day') }} as days_between,
    count(o.order_id) as number_of_orders,
    {% for method in methods -%}
    coalesce(sum(p.{{ method }}_amount), 0) as {{ method }}_amount,
    {% endfor -%}
    coalesce(sum(p.total_amount), 0) as lifetime_value
from {{ ref('stg_customers') }} as c
left join orders as o on o.customer_id = c.customer_id
left join payments as p on p.order_id = o.order_id
group by c.customer_id, c.customer_name
