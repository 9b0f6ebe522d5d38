select
  {{ toolbox.surrogate_key(['job_id', 'hours']) }} as job_key,
  {{ toolbox.greeting('ann') }} as greeting,
  {{ toolbox.star(ref('jobs'), except=['HOURS', 'urgent']) }}
from {{ ref('jobs') }}
