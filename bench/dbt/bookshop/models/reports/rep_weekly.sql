select weekday, count(*) as days from {{ ref('almanac_days') }} group by weekday
