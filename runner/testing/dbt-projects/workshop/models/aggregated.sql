select
  worker,
  {{ dbt.listagg('kind', "'; '", 'order by job_id, started_at') }} as kinds,
  {{ dbt.listagg('kind', "', '", 'order by job_id, started_at', 2) }} as two_kinds,
  {{ dbt.bool_or('urgent') }} as ever_urgent,
  {{ dbt.any_value("'same'") }} as any_word,
  sum({{ dbt.cast('hours', dbt.type_numeric()) }}) as hours,
  max({{ dbt.cast('hours', dbt.type_float()) }}) as longest,
  count(*) filter (where {{ dbt.equals('urgent', 'null') }}) as unknown
from {{ ref('jobs') }}
group by worker
