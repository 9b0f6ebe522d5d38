-- Customer Lifetime Value (Top 20).
SELECT
    dc.user_id,
    dc.customer_segment,
    dc.total_transactions,
    dc.total_spent,
    dc.avg_order_value,
    dc.first_transaction_date,
    dc.last_transaction_date
FROM {{ ref('dim_customers') }} dc
WHERE dc.is_current = TRUE
ORDER BY dc.total_spent DESC
LIMIT 20
