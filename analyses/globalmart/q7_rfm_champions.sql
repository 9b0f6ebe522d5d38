-- RFM Analysis - Champions.
SELECT
    user_id,
    recency_days,
    frequency_count,
    monetary_value,
    rfm_segment
FROM {{ ref('rfm_analysis') }}
WHERE analysis_date = (SELECT MAX(analysis_date) FROM {{ ref('rfm_analysis') }})
  AND rfm_segment = 'Champions'
ORDER BY monetary_value DESC
LIMIT 50
