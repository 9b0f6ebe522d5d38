{{ config(
    strategy='events',
    unique_key='category',
    updated_at='event_time',
    check_cols=['parent_category'],
    surrogate_key='category_id'
) }}

-- Few keys: the whole history is cheaper to read than to find the part of it that changed.
select
    named.category,
    named.event_time,
    named.parent_category
from {{ named_by_events(
    ref('categories'), 'category', ['parent_category'],
    [ref('stg_transactions'), ref('stg_product_views')]
) }} as named
