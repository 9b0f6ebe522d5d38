{{ config(incremental_strategy='merge', unique_key=['order_id'], merge_exclude_columns=['channel']) }}
select order_id, status, channel, updated_at from {{ ref('stg_orders') }}
