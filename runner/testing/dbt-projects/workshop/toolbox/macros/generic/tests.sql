{% test accepted_shape(model, column_name, pattern) %}
select {{ column_name }} from {{ model }} where {{ column_name }} !~ '{{ pattern }}'
{% endtest %}

{% test expression_is_true(model, expression, column_name=none, condition='1 = 1') %}
  {%- set at = model -%}
  {%- if column_name is none %}
select * from {{ at }} where {{ condition }} and not ({{ expression }})
  {%- else %}
select * from {{ at }} where {{ condition }} and not ({{ column_name }} {{ expression }})
  {%- endif %}
{% endtest %}

{% test equal_rowcount(model, compare_model, group_by_columns=[]) %}
{%- do config(fail_calc='coalesce(sum(abs(difference)), 0)') -%}
with a as (select {{ (group_by_columns + ["'all'"]) | first }} as k, count(*) as n from {{ model }} group by 1),
     b as (select {{ (group_by_columns + ["'all'"]) | first }} as k, count(*) as n from {{ compare_model }} group by 1)
select coalesce(a.n, 0) - coalesce(b.n, 0) as difference from a full join b using (k) where a.n is distinct from b.n
{% endtest %}
