{{ config(materialized='incremental', unique_key='window_minutes') }}

-- Who has been in the shop in the last minutes before as_of_time; always the three rows. A session is looked at once and counts from
-- the smallest window on that it is in, and a user from the smallest of all their sessions.
with windows as (
    select 1 as window_minutes
    union all
    select 5 as window_minutes
    union all
    select 15 as window_minutes
),

visits as (
    select
        session.user_id,
        case
            when session.ended_at > {{ add_seconds('clock.as_of_time', -60) }} then 1
            when session.ended_at > {{ add_seconds('clock.as_of_time', -300) }} then 5
            else 15
        end as window_minutes
    from {{ ref('as_of_time') }} as clock
    inner join {{ ref('customer_sessions') }} as session
        on session.ended_at > {{ add_seconds('clock.as_of_time', -900) }}
        and session.ended_at <= clock.as_of_time
),

known_users as (
    select visits.user_id, min(visits.window_minutes) as window_minutes
    from visits
    where visits.user_id is not null
    group by visits.user_id
),

counted as (
    select
        visits.window_minutes,
        count(*) as sessions,
        0 as users,
        count(case when visits.user_id is null then 1 end) as guest_sessions
    from visits
    group by visits.window_minutes
    union all
    select known_users.window_minutes, 0 as sessions, count(*) as users, 0 as guest_sessions
    from known_users
    group by known_users.window_minutes
)

select
    windows.window_minutes,
    clock.as_of_time,
    cast(coalesce(sum(counted.sessions), 0) as bigint) as sessions,
    cast(coalesce(sum(counted.users), 0) as bigint) as users,
    cast(coalesce(sum(counted.guest_sessions), 0) as bigint) as guest_sessions
from windows
cross join {{ ref('as_of_time') }} as clock
left join counted on counted.window_minutes <= windows.window_minutes
group by windows.window_minutes, clock.as_of_time
