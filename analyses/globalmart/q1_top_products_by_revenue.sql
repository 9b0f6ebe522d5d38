-- Top 10 Products by Revenue.
SELECT
    pp.product_id,
    pp.category,
    pp.total_sales,
    pp.total_revenue,
    pp.conversion_rate
FROM {{ ref('product_performance') }} pp
WHERE pp.analysis_date = (SELECT MAX(analysis_date) FROM {{ ref('product_performance') }})
ORDER BY pp.total_revenue DESC
LIMIT 10
