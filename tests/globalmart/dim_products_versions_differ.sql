-- A version that changes no descriptive attribute should not have been opened.
select
    version.product_id,
    version.effective_from
from (
    select
        v.product_id,
        v.effective_from,
        v.product_name,
        v.category,
        v.brand,
        row_number() over history as nth,
        lag(v.product_name) over history as previous_name,
        lag(v.category) over history as previous_category,
        lag(v.brand) over history as previous_brand
    from {{ ref('dim_products') }} as v
    window history as (partition by v.product_id order by v.effective_from nulls last)
) as version
where version.nth > 1
    and version.product_name is not distinct from version.previous_name
    and version.category is not distinct from version.previous_category
    and version.brand is not distinct from version.previous_brand
