-- Every staged event is one fact, and there is no other fact.
select
    coalesce(staged.event_id, fact.event_id) as event_id
from {{ ref('stg_cart_events') }} as staged
full join {{ ref('fact_cart_events') }} as fact
    on fact.event_id = staged.event_id
where staged.event_id is null
    or fact.event_id is null
    or fact.event_type is distinct from staged.event_type
    or fact.session_id is distinct from staged.session_id
    or fact.user_id is distinct from staged.user_id
    or fact.product_id is distinct from staged.product_id
    or fact.event_timestamp is distinct from staged.event_time
    or fact.quantity is distinct from staged.quantity
    or fact.unit_price is distinct from staged.unit_price
    or fact.cart_value is distinct from staged.cart_value
    or fact.date_id is distinct from {{ date_key('staged.event_date') }}
