-- Every staged event is one fact, and there is no other fact.
select
    coalesce(staged.event_id, fact.event_id) as event_id
from {{ ref('stg_product_views') }} as staged
full join {{ ref('fact_product_views') }} as fact
    on fact.event_id = staged.event_id
where staged.event_id is null
    or fact.event_id is null
    or fact.event_type is distinct from staged.event_type
    or fact.session_id is distinct from staged.session_id
    or fact.user_id is distinct from staged.user_id
    or fact.product_id is distinct from staged.product_id
    or fact.view_timestamp is distinct from staged.event_time
    or fact.category is distinct from staged.category
    or fact.search_query is distinct from staged.search_query
    or fact.dwell_ms is distinct from staged.dwell_ms
    or fact.device is distinct from staged.device
    or fact.date_id is distinct from {{ date_key('staged.event_date') }}
