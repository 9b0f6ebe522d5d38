select visit_id, customer_id from {{ ref('stg_visits') }}
{% if is_incremental() %}where visit_id > (select coalesce(max(visit_id), 0) from {{ this }}){% endif %}
