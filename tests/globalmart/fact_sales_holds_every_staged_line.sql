-- Every staged line is one fact with its amounts unchanged, and there is no other fact.
select
    coalesce(staged.event_id, fact.event_id) as event_id,
    staged.total_amount as staged_amount,
    fact.total_amount as fact_amount
from {{ ref('stg_transactions') }} as staged
full join {{ ref('fact_sales') }} as fact
    on fact.event_id = staged.event_id
where staged.event_id is null
    or fact.event_id is null
    or fact.event_type is distinct from staged.event_type
    or fact.quantity is distinct from staged.quantity
    or fact.unit_price is distinct from staged.unit_price
    or fact.discount_amount is distinct from staged.discount_amount
    or fact.total_amount is distinct from staged.total_amount
    or fact.user_id is distinct from staged.user_id
    or fact.transaction_timestamp is distinct from staged.event_time
    or fact.transaction_id is distinct from staged.transaction_id
    or fact.line_number is distinct from staged.line_number
    or fact.product_id is distinct from staged.product_id
    or fact.payment_method is distinct from staged.payment_method
    or fact.date_id is distinct from {{ date_key('staged.event_date') }}
