with spine as (
  {{ dbt.date_spine('day', "cast('2024-02-27' as date)", "cast('2024-03-03' as date)") }}
)
select
  cast(date_day as date) as day,
  cast({{ dbt.dateadd('month', 1, 'date_day') }} as date) as month_on,
  {{ dbt.datediff("cast('2024-01-15' as date)", 'date_day', 'month') }} as months_since,
  cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_begins,
  {{ dbt.last_day('date_day', 'month') }} as month_ends
from spine
