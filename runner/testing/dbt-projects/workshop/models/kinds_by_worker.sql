{%- set kinds = toolbox.get_column_values(ref('jobs'), 'kind', order_by='kind', default=[]) -%}
select
  worker,
  {{ toolbox.pivot('kind', kinds, agg='count', then_value='job_id', else_value='null', prefix='n_') }},
  '{{ toolbox.get_column_values(ref('jobs'), 'worker', max_records=2, order_by='min(job_id)', where='job_id < 4', default=[]) | join('+') }}' as first_two
from {{ ref('jobs') }}
{{ toolbox.group_by(1) }}
