select doctor_id, doctor, room from {{ ref('raw_doctors') }}
