{{ config(
    strategy='events',
    unique_key='country',
    updated_at='event_time',
    check_cols=['region', 'currency'],
    surrogate_key='geography_id'
) }}

{% if is_incremental() %}
-- Unchecked: a key has events of the seed or of what names it, never of both.
with touched as (
    {% call recompute('country') %}
    select changed.country
    from {{ changed_keys(ref('stg_transactions'), 'country', unchecked=true) }} as changed
    union
    select changed.country
    from {{ changed_keys(ref('stg_product_views'), 'country', unchecked=true) }} as changed
    union
    select changed.country
    from {{ changed_keys(ref('stg_cart_events'), 'country', unchecked=true) }} as changed
    {% endcall %}
)
{% endif %}

select
    named.country,
    named.event_time,
    named.region,
    named.currency
from {{ named_by_events(
    ref('countries'), 'country', ['region', 'currency'],
    [ref('stg_transactions'), ref('stg_product_views'), ref('stg_cart_events')],
    touched='touched' if is_incremental() else ''
) }} as named
