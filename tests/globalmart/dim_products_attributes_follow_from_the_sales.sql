-- A version holds the last name, category and brand that a sale at a price gave before its end, and the last price.
with sales as (
    select
        version.product_id_pk,
        version.effective_from,
        sale.event_time,
        sale.product_name,
        sale.category,
        sale.brand,
        sale.unit_price,
        row_number() over (partition by version.product_id_pk order by {{ event_order('sale') }}) as nth
    from {{ ref('dim_products') }} as version
    inner join {{ ref('stg_transactions') }} as sale
        on sale.product_id = version.product_id
        and sale.event_time < version.effective_to
    where sale.event_type = 'purchase'
        and sale.unit_price > 0
),

last_given as (
    select
        sales.product_id_pk,
        max(sales.nth) as price_at,
        max(case when sales.product_name is not null then sales.nth end) as name_at,
        max(case when sales.category is not null then sales.nth end) as category_at,
        max(case when sales.brand is not null then sales.nth end) as brand_at,
        max(case when sales.event_time = sales.effective_from then 1 else 0 end) as begins_with_a_sale
    from sales
    group by sales.product_id_pk
)

select version.product_id_pk
from {{ ref('dim_products') }} as version
left join last_given
    on last_given.product_id_pk = version.product_id_pk
left join sales as price
    on price.product_id_pk = version.product_id_pk
    and price.nth = last_given.price_at
left join sales as name
    on name.product_id_pk = version.product_id_pk
    and name.nth = last_given.name_at
left join sales as category
    on category.product_id_pk = version.product_id_pk
    and category.nth = last_given.category_at
left join sales as brand
    on brand.product_id_pk = version.product_id_pk
    and brand.nth = last_given.brand_at
where last_given.begins_with_a_sale is distinct from 1
    or version.unit_price is distinct from price.unit_price
    or version.product_name is distinct from name.product_name
    or version.category is distinct from category.category
    or version.brand is distinct from brand.brand
union all
-- Every product that was sold at a price is known from its first such sale on.
select sold.product_id as product_id_pk
from (
    select
        sale.product_id,
        min(sale.event_time) as first_sold
    from {{ ref('stg_transactions') }} as sale
    where sale.event_type = 'purchase'
        and sale.unit_price > 0
    group by sale.product_id
) as sold
left join (
    select
        version.product_id,
        min(version.effective_from) as first_from
    from {{ ref('dim_products') }} as version
    group by version.product_id
) as known
    on known.product_id = sold.product_id
where known.first_from is distinct from sold.first_sold
