{%- set bands = ['child', 'adult', 'senior'] -%}
select
    date_trunc('month', v.visited_on)::date as month
    {%- for band in bands %},
    count(*) filter (where p.age_band = '{{ band }}') as {{ band }}_visits
    {%- endfor %}
from {{ ref('stg_visits') }} as v
join {{ ref('stg_patients') }} as p using (patient_id)
group by 1
