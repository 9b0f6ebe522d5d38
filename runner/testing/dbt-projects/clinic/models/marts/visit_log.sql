{{ config(materialized='incremental', unique_key='visit_id') }}
select visit_id, patient_id, visited_on, minutes from {{ ref('stg_visits') }}
{% if is_incremental() %}
where visited_on >= (select max(visited_on) from {{ this }})
{% endif %}
