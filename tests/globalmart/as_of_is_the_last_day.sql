-- The last day of any event, unless the run was given a day.
{% if var('as_of', none) is none -%}
select as_of.as_of_date
from {{ ref('as_of') }} as as_of
where as_of.as_of_date is distinct from greatest(
    (select max(e.event_date) from {{ ref('stg_transactions') }} as e),
    (select max(e.event_date) from {{ ref('stg_product_views') }} as e),
    (select max(e.event_date) from {{ ref('stg_cart_events') }} as e)
)
{%- else -%}
select as_of.as_of_date
from {{ ref('as_of') }} as as_of
where as_of.as_of_date <> cast('{{ var('as_of') }}' as date)
{%- endif %}
