select
    d.doctor_id,
    d.doctor,
    count(distinct p.patient_id) as patients,
    count(v.visit_id) as visits,
    coalesce(sum(v.minutes), 0) as minutes
from {{ ref('stg_doctors') }} as d
left join {{ ref('stg_patients') }} as p using (doctor_id)
left join {{ ref('stg_visits') }} as v using (patient_id)
group by 1, 2
