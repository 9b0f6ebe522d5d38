{% snapshot visits_history %}
    {{ config(unique_key='visit_id', strategy='timestamp', updated_at='updated_at') }}
    select * from {{ ref('raw_visits') }}
{% endsnapshot %}
