{# A key that is not unique on purpose: whole days are replaced. #}
{{ config(incremental_strategy='delete+insert', unique_key='day') }}
select at::date as day, visit_id, page from {{ ref('stg_visits') }}
{% if is_incremental() %}where at::date >= (select max(day) from {{ this }}){% endif %}
