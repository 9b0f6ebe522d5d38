-- The complete SELECTs of the batch-processing document and of the user guide, as they are written there.

-- name: job history
SELECT * FROM batch_job_tracker
ORDER BY last_run_timestamp DESC;

-- name: job status
SELECT
    job_name,
    last_run_status,
    last_run_timestamp,
    rows_processed,
    execution_duration_sec
FROM batch_job_tracker
WHERE last_run_status = 'FAILED';

-- name: last load of a job
SELECT job_name, last_run_timestamp
FROM batch_job_tracker
WHERE job_name = 'fact_sales';

-- name: customer history
SELECT
    customer_sk,
    user_id,
    customer_segment,
    effective_from,
    effective_to,
    is_current
FROM dim_customers
WHERE user_id = 'USER_1234'
ORDER BY effective_from;

-- name: RFM results
SELECT
    rfm_segment,
    COUNT(*) as customer_count,
    AVG(monetary_value) as avg_spending,
    AVG(recency_days) as avg_recency
FROM rfm_analysis
GROUP BY rfm_segment
ORDER BY customer_count DESC;

-- name: dimension counts
SELECT 'dim_date' as table_name, COUNT(*) FROM dim_date
UNION ALL
SELECT 'dim_geography', COUNT(*) FROM dim_geography
UNION ALL
SELECT 'dim_customers', COUNT(*) FROM dim_customers WHERE is_current = TRUE
UNION ALL
SELECT 'dim_products', COUNT(*) FROM dim_products WHERE is_current = TRUE;

-- name: fact counts
SELECT 'fact_sales' as table_name, COUNT(*) FROM fact_sales
UNION ALL
SELECT 'fact_cart_events', COUNT(*) FROM fact_cart_events
UNION ALL
SELECT 'fact_product_views', COUNT(*) FROM fact_product_views;

-- name: analytics counts
SELECT 'rfm_analysis' as table_name, COUNT(*) FROM rfm_analysis
UNION ALL
SELECT 'product_performance', COUNT(*) FROM product_performance
UNION ALL
SELECT 'sales_trends', COUNT(*) FROM sales_trends
UNION ALL
SELECT 'customer_segments', COUNT(*) FROM customer_segments;

-- name: Grafana panel
SELECT
    DATE_TRUNC('hour', transaction_timestamp) as time,
    SUM(total_amount) as revenue
FROM fact_sales
WHERE $__timeFilter(transaction_timestamp)
GROUP BY time
ORDER BY time;

-- name: q1_top_products_by_revenue
SELECT
    pp.product_id,
    pp.category,
    pp.total_sales,
    pp.total_revenue,
    pp.conversion_rate
FROM product_performance pp
WHERE pp.analysis_date = (SELECT MAX(analysis_date) FROM product_performance)
ORDER BY pp.total_revenue DESC
LIMIT 10;

-- name: q2_customer_segmentation_summary
SELECT
    segment_name,
    customer_count,
    total_revenue,
    avg_order_value,
    ROUND(100.0 * customer_count / SUM(customer_count) OVER (), 2) as pct_customers
FROM customer_segments
ORDER BY total_revenue DESC;

-- name: q3_daily_sales_trend
SELECT
    d.date,
    COUNT(DISTINCT fs.transaction_id) as num_orders,
    SUM(fs.total_amount) as revenue,
    AVG(fs.total_amount) as avg_order_value
FROM fact_sales fs
JOIN dim_date d ON fs.date_id = d.date_id
GROUP BY d.date
ORDER BY d.date DESC
LIMIT 30;

-- name: q4_views_and_sales_as_written
SELECT
    p.category,
    COUNT(DISTINCT fpv.event_id) as total_views,
    COUNT(DISTINCT fs.transaction_id) as total_sales,
    ROUND(100.0 * COUNT(DISTINCT fs.transaction_id) /
          NULLIF(COUNT(DISTINCT fpv.event_id), 0), 2) as conversion_rate
FROM dim_products p
LEFT JOIN fact_product_views fpv ON p.product_id_pk = fpv.product_id_pk AND p.is_current = TRUE
LEFT JOIN fact_sales fs ON p.product_id_pk = fs.product_id_pk
GROUP BY p.category
ORDER BY conversion_rate DESC;

-- name: q5_customer_lifetime_value
SELECT
    dc.user_id,
    dc.customer_segment,
    dc.total_transactions,
    dc.total_spent,
    dc.avg_order_value,
    dc.first_transaction_date,
    dc.last_transaction_date
FROM dim_customers dc
WHERE dc.is_current = TRUE
ORDER BY dc.total_spent DESC
LIMIT 20;

-- name: q6_sales_by_country_as_written
SELECT
    g.country,
    COUNT(DISTINCT fs.transaction_id) as num_orders,
    SUM(fs.total_amount) as revenue,
    AVG(fs.total_amount) as avg_order_value
FROM fact_sales fs
JOIN dim_geography g ON fs.geography_id = g.geography_id AND g.is_current = TRUE
GROUP BY g.country
ORDER BY revenue DESC;

-- name: q7_rfm_champions
SELECT
    user_id,
    recency_days,
    frequency_count,
    monetary_value,
    rfm_segment
FROM rfm_analysis
WHERE analysis_date = (SELECT MAX(analysis_date) FROM rfm_analysis)
  AND rfm_segment = 'Champions'
ORDER BY monetary_value DESC
LIMIT 50;

-- name: latest sale and the clock
SELECT MAX(transaction_timestamp), NOW() FROM fact_sales;

-- name: plan of the last day's sales
EXPLAIN ANALYZE
SELECT * FROM fact_sales WHERE transaction_timestamp > NOW() - INTERVAL '24 hours';

-- name: duplicate events
SELECT event_id, COUNT(*) FROM fact_sales GROUP BY event_id HAVING COUNT(*) > 1;
