select
    patient_id,
    name as patient_name,
    age,
    {{ house_rules.age_band('age') }} as age_band,
    doctor_id
from {{ ref('raw_patients') }}
