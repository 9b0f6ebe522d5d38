{{ config(incremental_strategy='append') }}
select visit_id, page, at from {{ ref('stg_visits') }}
{% if is_incremental() %}
where at > (select max(at) from {{ this }})
{% endif %}
