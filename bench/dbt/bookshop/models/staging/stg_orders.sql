select id as order_id, customer_id, ordered_at, status, channel, updated_at
from {{ source('feed', 'orders') }}
where channel in ({% for channel in var('channels') %}'{{ channel }}'{% if not loop.last %}, {% endif %}{% endfor %})
