{{ config(
    strategy='events',
    unique_key='category',
    updated_at='event_time',
    check_cols=['parent_category'],
    surrogate_key='category_id'
) }}

{% if is_incremental() %}
-- Unchecked: a key has events of the seed or of what names it, never of both.
with touched as (
    {% call recompute('category') %}
    select changed.category
    from {{ changed_keys(ref('stg_transactions'), 'category', unchecked=true) }} as changed
    union
    select changed.category
    from {{ changed_keys(ref('stg_product_views'), 'category', unchecked=true) }} as changed
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
