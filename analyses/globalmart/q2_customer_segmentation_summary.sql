-- Customer Segmentation Summary.
SELECT
    segment_name,
    customer_count,
    total_revenue,
    avg_order_value,
    ROUND(100.0 * customer_count / SUM(customer_count) OVER (), 2) as pct_customers
FROM {{ ref('customer_segments') }}
ORDER BY total_revenue DESC
