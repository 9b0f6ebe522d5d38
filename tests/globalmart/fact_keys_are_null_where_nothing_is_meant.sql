-- Searches, filters and checkouts are about no product, and guests are no customers.
select viewed.event_id
from {{ ref('fact_product_views') }} as viewed
where viewed.event_type <> 'view'
    and viewed.product_id_pk is not null
union all
select cart.event_id
from {{ ref('fact_cart_events') }} as cart
where cart.event_type = 'checkout'
    and cart.product_id_pk is not null
union all
select sale.event_id
from {{ ref('fact_sales') }} as sale
where sale.user_id is null
    and sale.customer_sk is not null
