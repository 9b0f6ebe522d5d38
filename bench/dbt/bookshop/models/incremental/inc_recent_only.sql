{{ config(incremental_strategy='delete+insert', unique_key='order_id', incremental_predicates=["updated_at >= '2024-01-02'"]) }}
select order_id, status, updated_at from {{ ref('stg_orders') }}
{% if is_incremental() %}where updated_at >= '2024-01-02'{% endif %}
