-- Views, sales and conversion by category, each fact counted alone.
with views as (
    select
        product.category,
        count(*) as total_views
    from {{ ref('fact_product_views') }} as viewed
    inner join {{ ref('dim_products') }} as product
        on product.product_id_pk = viewed.product_id_pk
    group by product.category
),

sales as (
    select
        product.category,
        count(distinct sale.transaction_id) as total_sales
    from {{ ref('fact_sales') }} as sale
    inner join {{ ref('dim_products') }} as product
        on product.product_id_pk = sale.product_id_pk
    where sale.event_type = 'purchase'
    group by product.category
),

categories as (
    select distinct product.category
    from {{ ref('dim_products') }} as product
)

select
    categories.category,
    coalesce(views.total_views, 0) as total_views,
    coalesce(sales.total_sales, 0) as total_sales,
    {{ percent('coalesce(sales.total_sales, 0)', 'views.total_views') }} as conversion_rate
from categories
left join views
    on views.category is not distinct from categories.category
left join sales
    on sales.category is not distinct from categories.category
order by conversion_rate desc nulls last, {{ in_byte_order('categories.category') }} nulls last
