-- Daily Sales Trend.
SELECT
    d.date,
    COUNT(DISTINCT fs.transaction_id) as num_orders,
    SUM(fs.total_amount) as revenue,
    AVG(fs.total_amount) as avg_order_value
FROM {{ ref('fact_sales') }} fs
JOIN {{ ref('dim_date') }} d ON fs.date_id = d.date_id
GROUP BY d.date
ORDER BY d.date DESC
LIMIT 30
