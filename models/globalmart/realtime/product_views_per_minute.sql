{{ config(materialized='incremental', unique_key='minute') }}

select
    look.minute,
    count(case when look.event_type = 'view' then 1 end) as views,
    count(case when look.event_type = 'search' then 1 end) as searches,
    count(case when look.event_type = 'filter' then 1 end) as filters,
    count(distinct look.product_id) as products,
    count(distinct look.session_id) as sessions
from {{ events_by_minute(ref('stg_product_views')) }} as look
group by look.minute
