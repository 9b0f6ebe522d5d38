{%- set channels = values_of(ref('stg_orders'), 'channel') -%}
-- depends_on: {{ ref('stg_orders') }}
select customer_id
    {%- for channel in channels %},
    count(*) filter (where channel = '{{ channel }}') as {{ channel }}_orders
    {%- endfor %}
from {{ ref('stg_orders') }}
group by customer_id
