select
    customer_id,
    {{ dbt.bool_or("status = 'done'") }} as any_done,
    {{ dbt.any_value('customer_id') }} as same,
    {{ dbt.listagg('channel', "', '", 'order by channel, order_id') }} as channels,
    {{ dbt.array_construct(['1', '2']) }} as numbers,
    {{ dbt.array_append(dbt.array_construct(['1']), '3') }} as more,
    count(*)::{{ dbt.type_int() }} as n,
    1::{{ dbt.type_numeric() }} as one,
    sum(1)::{{ dbt.type_bigint() }} as many,
    true::{{ dbt.type_boolean() }} as yes,
    0.5::{{ dbt.type_float() }} as half
from {{ ref('stg_orders') }}
group by customer_id
