{{ config(materialized='incremental', unique_key='product_id') }}
{{ gives_all_rows('product_id') }}

select
    level.product_id,
    level.product_name,
    case when level.stock <= 0 then 'out of stock' else 'low' end as alert,
    level.stock,
    level.told_at
from {{ ref('inventory_levels') }} as level
where level.stock <= {{ var('low_stock') }}
