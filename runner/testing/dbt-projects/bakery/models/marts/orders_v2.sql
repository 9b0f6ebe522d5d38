select order_id, customer_id, ordered_on, order_month, status, amount
from {{ ref('orders', v=1) }}
