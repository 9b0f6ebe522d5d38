{{ config(materialized='incremental', unique_key='session_id') }}
{{ gives_all_rows('session_id') }}

-- Carts of the day before as_of_time that hold something, were not checked out, and have been idle for a while.
select
    cart.session_id,
    cart.user_id,
    cart.country,
    cart.last_event_at,
    cart.added_units - cart.removed_units as units,
    cart.cart_value
from {{ ref('as_of_time') }} as clock
inner join {{ ref('cart_sessions') }} as cart
    on cart.last_event_at > {{ add_seconds('clock.as_of_time', -86400) }}
    and cart.last_event_at <= {{ add_seconds('clock.as_of_time', -60 * var('cart_idle_minutes')) }}
where cart.checked_out_at is null
    and cart.added_units > cart.removed_units
