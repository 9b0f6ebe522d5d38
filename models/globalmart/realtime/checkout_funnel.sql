{{ config(materialized='incremental', unique_key='minute') }}

-- Four steps of one minute. A session counts at a step in each minute in which it takes it.
{% set minutes %}
{{ minutes_touched(ref('stg_product_views')) }}
    union
    {{ minutes_touched(ref('stg_cart_events')) }}
    union
    {{ minutes_touched(ref('stg_transactions')) }}
{% endset %}

with counted as (
    {% if is_incremental() %}
    {% call recompute('minute') %}
    {{ minutes }}
    {% endcall %}
    {% else %}
    {{ minutes }}
    {% endif %}
),

steps as (
    select counted.minute, 'look' as step, look.session_id as taken_by
    from counted
    inner join {{ ref('stg_product_views') }} as look
        on look.event_time >= counted.minute and look.event_time < {{ add_seconds('counted.minute', 60) }}
    union all
    select counted.minute, cart.event_type as step, cart.session_id as taken_by
    from counted
    inner join {{ ref('stg_cart_events') }} as cart
        on cart.event_time >= counted.minute and cart.event_time < {{ add_seconds('counted.minute', 60) }}
    where cart.event_type in ('add', 'checkout')
    union all
    select counted.minute, 'purchase' as step, sale.transaction_id as taken_by
    from counted
    inner join {{ ref('stg_transactions') }} as sale
        on sale.event_time >= counted.minute and sale.event_time < {{ add_seconds('counted.minute', 60) }}
    where sale.event_type = 'purchase'
)

select
    steps.minute,
    count(distinct case when steps.step = 'look' then steps.taken_by end) as looking_sessions,
    count(distinct case when steps.step = 'add' then steps.taken_by end) as adding_sessions,
    count(distinct case when steps.step = 'checkout' then steps.taken_by end) as checkout_sessions,
    count(distinct case when steps.step = 'purchase' then steps.taken_by end) as purchases
from steps
group by steps.minute
