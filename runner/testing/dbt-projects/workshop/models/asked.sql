{%- set hours = toolbox.query_as_dict('select worker, cast(sum(hours) as text) as n from ' ~ ref('jobs') ~ ' group by worker order by worker') -%}
{%- do toolbox.show_table('select worker, kind from ' ~ ref('jobs') ~ ' order by 1, 2') -%}
{%- set dates = dbt.dates_in_range('2024-01-30', '2024-02-02', in_fmt='%Y-%m-%d', out_fmt='%Y%m%d') if execute else [] %}
select
  '{{ hours.get('worker', []) | join(',') }}' as workers,
  '{{ hours.get('n', []) | join(',') }}' as hours,
  '{{ toolbox.rows_as_text('select worker, count(*) as n from ' ~ ref('jobs') ~ ' group by worker order by worker') }}' as as_text,
  {{ toolbox.get_single_value('select max(job_id) from ' ~ ref('jobs'), 0) }} as highest,
  '{{ toolbox.get_single_value('select null where false', 'nothing') }}' as nothing,
  '{{ get_columns_in_query('select 1 as one, 2 as "Two"') | join(',') if execute }}' as columns,
  '{{ dates | join(' ') }}' as dates,
  '{{ dbt.partition_range('20240101, 20240103') | join('-') if execute }}' as parts
