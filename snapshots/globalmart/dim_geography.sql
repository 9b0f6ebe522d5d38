{{ config(
    strategy='events',
    unique_key='country',
    updated_at='event_time',
    check_cols=['region', 'currency'],
    surrogate_key='geography_id'
) }}

-- Few keys: the whole history is cheaper to read than to find the part of it that changed.
select
    named.country,
    named.event_time,
    named.region,
    named.currency
from {{ named_by_events(
    ref('countries'), 'country', ['region', 'currency'],
    [ref('stg_transactions'), ref('stg_product_views'), ref('stg_cart_events')]
) }} as named
