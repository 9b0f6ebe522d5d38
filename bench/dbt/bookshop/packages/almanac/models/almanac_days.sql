{{ config(materialized='table') }}
select d.date_day::date as day, {{ weekday_name('d.date_day') }} as weekday, {{ is_open('d.date_day') }} as is_open,
    h.holiday
from ({{ dbt.date_spine('day', "cast('2024-01-01' as date)", "cast('2024-01-15' as date)") }}) as d
left join {{ ref('holidays') }} as h on h.day = d.date_day
