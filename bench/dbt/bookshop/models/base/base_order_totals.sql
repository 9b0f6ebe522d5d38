with totals as (
    select order_id, sum(amount) as total, sum(copies) as copies from {{ ref('base_lines_priced') }} group by order_id
)
select * from totals
