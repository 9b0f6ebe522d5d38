{# Read by name in a with clause, so that the ephemeral's own name is at stake. #}
select customer_id from {{ ref('int_customer_orders') }} where spent >= {{ var('vip_from') }}
