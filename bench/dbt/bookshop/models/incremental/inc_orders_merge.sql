{{ config(incremental_strategy='merge', unique_key='order_id', indexes=[{'columns': ['order_id'], 'unique': true}]) }}
select order_id, status, updated_at from {{ ref('stg_orders') }}
{% if is_incremental() %}where updated_at > (select max(updated_at) from {{ this }}){% endif %}
