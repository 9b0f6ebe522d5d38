select
    id as payment_id,
    order_id,
    method,
    {{ ledger_tools.cents_to_money('amount_cents') }} as amount
from {{ ref('raw_payments') }}
