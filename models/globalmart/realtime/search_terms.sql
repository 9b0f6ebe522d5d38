{{ config(materialized='incremental', unique_key=['minute', 'search_term']) }}

-- Terms that differ in capitals or in blanks at their ends are one.
select
    search.minute,
    lower(trim(search.search_query)) as search_term,
    count(*) as searches,
    count(distinct search.session_id) as sessions
from {{ events_by_minute(ref('stg_product_views')) }} as search
where search.event_type = 'search'
    and trim(search.search_query) <> ''
group by search.minute, lower(trim(search.search_query))
