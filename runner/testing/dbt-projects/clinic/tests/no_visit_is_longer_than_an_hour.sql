select * from {{ ref('stg_visits') }} where minutes > 60
