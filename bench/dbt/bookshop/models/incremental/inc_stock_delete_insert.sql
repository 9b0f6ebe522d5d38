{{ config(incremental_strategy='delete+insert', unique_key=['book_id', 'branch']) }}
select book_id, branch, counted_on, copies from {{ ref('stg_stock') }}
{% if is_incremental() %}where counted_on >= (select max(counted_on) from {{ this }}){% endif %}
