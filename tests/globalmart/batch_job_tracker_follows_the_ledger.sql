-- Every job that ever ran has its row.
select distinct step.node_id
from {{ source('gm', 'steps') }} as step
left join {{ ref('batch_job_tracker') }} as tracker
    on tracker.job_name = split_part(step.node_id, '.', 3)
where step.status in ('success', 'error')
    and split_part(step.node_id, '.', 1) in ('model', 'snapshot', 'seed')
    and split_part(step.node_id, '.', 2) = '{{ project_name }}'
    and tracker.job_name is null
