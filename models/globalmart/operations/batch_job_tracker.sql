{{ config(materialized='view') }}

with job_runs as (
    select
        split_part(step.node_id, '.', 1) as kind,
        split_part(step.node_id, '.', 2) as project,
        split_part(step.node_id, '.', 3) as job_name,
        step.run_id,
        case step.status
            when 'success' then 'SUCCESS'
            when 'error' then 'FAILED'
            when 'cancelled' then 'CANCELLED'
        end as status,
        -- The ledger learns of starts and durations, and of failures at all, when the whole run ends.
        coalesce({{ add_seconds('step.started_at', 'step.duration_ms / 1000') }}, step.finished_at) as ended_at,
        coalesce(step.inserted, 0) + coalesce(step.updated, 0) + coalesce(step.deleted, 0) as row_count,
        step.duration_ms
    from {{ source('gm', 'steps') }} as step
    where step.status in ('success', 'error')
        or (step.status = 'cancelled' and step.started_at is not null)
),

latest as (
    select
        job_runs.*,
        row_number() over (
            partition by job_runs.job_name
            order by job_runs.ended_at desc nulls last, job_runs.run_id desc nulls last
        ) as nth
    from job_runs
    where job_runs.kind in ('model', 'snapshot', 'seed')
        and job_runs.project = '{{ project_name }}'
)

select
    latest.job_name,
    latest.status as last_run_status,
    latest.ended_at as last_run_timestamp,
    latest.row_count as rows_processed,
    cast(latest.duration_ms / 1000 as numeric(18, 3)) as execution_duration_sec
from latest
where latest.nth = 1
