with visits as (
    select {{ house_rules.star(ref('raw_visits'), except=['updated_at']) }} from {{ ref('raw_visits') }}
)

select
    {{ house_rules.surrogate_key(['visit_id', 'reason']) }} as visit_key,
    visits.*
from visits
