{{ config(unique_key='visit_id') }}
{% set last = 0 %}
{% if is_incremental() %}
  {% set last = run_query('select coalesce(max(visit_id), 0) from ' ~ this).columns[0][0] %}
{% endif %}
select visit_id, '{{ 'again' if is_incremental() else 'first' }}' as run from {{ ref('stg_visits') }} where visit_id > {{ last }}
