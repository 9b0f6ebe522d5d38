select page, sum(visits) as visits from {{ ref('int_visits_by_day') }} group by page
