select
    order_id,
    {{ dbt.dateadd('day', 3, 'ordered_at') }} as due_at,
    {{ dbt.datediff('ordered_at', 'updated_at', 'hour') }} as hours_between,
    {{ dbt.datediff("'2024-01-31'::timestamp", 'ordered_at', 'month') }} as months_between,
    {{ dbt.datediff("'2023-12-31'::timestamp", 'ordered_at', 'week') }} as weeks_between,
    {{ dbt.last_day('ordered_at', 'month') }} as month_ends,
    {{ dbt.last_day('ordered_at', 'quarter') }} as quarter_ends,
    {{ dbt.date_trunc('month', 'ordered_at') }} as month_begins
from {{ ref('stg_orders') }}
