{{ config(materialized='view') }}

-- The day that everything which depends on "today" is computed for. Never the clock.
select
    {% if var('as_of', none) is not none %}
    cast('{{ var('as_of') }}' as date) as as_of_date
    {% else %}
    {{ utc_date('max(latest.event_time)') }} as as_of_date
from (
    select max(e.event_time) as event_time from {{ ref('stg_transactions') }} as e
    union all
    select max(e.event_time) as event_time from {{ ref('stg_product_views') }} as e
    union all
    select max(e.event_time) as event_time from {{ ref('stg_cart_events') }} as e
) as latest
    {% endif %}
