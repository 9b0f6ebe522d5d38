-- Product Views vs Sales (Conversion).
SELECT
    p.category,
    COUNT(DISTINCT fpv.event_id) as total_views,
    COUNT(DISTINCT fs.transaction_id) as total_sales,
    ROUND(100.0 * COUNT(DISTINCT fs.transaction_id) /
          NULLIF(COUNT(DISTINCT fpv.event_id), 0), 2) as conversion_rate
FROM {{ ref('dim_products') }} p
LEFT JOIN {{ ref('fact_product_views') }} fpv ON p.product_id_pk = fpv.product_id_pk AND p.is_current = TRUE
LEFT JOIN {{ ref('fact_sales') }} fs ON p.product_id_pk = fs.product_id_pk
GROUP BY p.category
ORDER BY conversion_rate DESC
