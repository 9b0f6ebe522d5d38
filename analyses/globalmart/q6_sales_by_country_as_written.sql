-- Sales by Country.
SELECT
    g.country,
    COUNT(DISTINCT fs.transaction_id) as num_orders,
    SUM(fs.total_amount) as revenue,
    AVG(fs.total_amount) as avg_order_value
FROM {{ ref('fact_sales') }} fs
JOIN {{ ref('dim_geography') }} g ON fs.geography_id = g.geography_id AND g.is_current = TRUE
GROUP BY g.country
ORDER BY revenue DESC
