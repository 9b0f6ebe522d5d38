{{ config(materialized='incremental', unique_key='window_minutes') }}

-- Who has been in the shop in the last minutes before as_of_time; always the three rows.
with windows as (
    select 1 as window_minutes
    union all
    select 5 as window_minutes
    union all
    select 15 as window_minutes
)

select
    windows.window_minutes,
    clock.as_of_time,
    count(session.session_id) as sessions,
    count(distinct session.user_id) as users,
    count(case when session.session_id is not null and session.user_id is null then 1 end) as guest_sessions
from windows
cross join {{ ref('as_of_time') }} as clock
left join {{ ref('customer_sessions') }} as session
    on session.ended_at > {{ add_seconds('clock.as_of_time', '-60 * windows.window_minutes') }}
    and session.ended_at <= clock.as_of_time
group by windows.window_minutes, clock.as_of_time
