{{ config(
    strategy='events',
    unique_key='category',
    updated_at='event_time',
    check_cols=['parent_category'],
    surrogate_key='category_id'
) }}

{% if is_incremental() %}
with touched as (
    {% call recompute('category') %}
    select changed.category
    from {{ changed_keys(ref('stg_transactions'), 'category') }} as changed
    union
    select changed.category
    from {{ changed_keys(ref('stg_product_views'), 'category') }} as changed
    {% endcall %}
)
{% endif %}

select
    named.category,
    named.event_time,
    named.parent_category
from {{ named_by_events(
    ref('categories'), 'category', ['parent_category'],
    [ref('stg_transactions'), ref('stg_product_views')],
    touched='touched' if is_incremental() else ''
) }} as named
