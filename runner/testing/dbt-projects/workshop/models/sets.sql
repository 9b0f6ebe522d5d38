(select worker from {{ ref('jobs') }} {{ dbt.except() }} select worker from {{ ref('old_jobs') }})
union all
(select worker || ' in both' from {{ ref('jobs') }} {{ dbt.intersect() }} select worker || ' in both' from {{ ref('old_jobs') }})
union all
(select 'series ' || generated_number from ({{ dbt.generate_series(3) }}) as s)
