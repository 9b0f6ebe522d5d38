{% macro star_except(relation, except=[], prefix='') -%}
  {%- set kept = [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) if column.name not in except and not column.name.startswith('_gm_') -%}
    {%- do kept.append(prefix ~ adapter.quote(column.name)) -%}
  {%- endfor -%}
  {{ kept | join(', ') }}
{%- endmacro %}

{% macro values_of(relation, column) %}
  {%- if execute -%}
    {%- set found = run_query('select distinct ' ~ column ~ ' from ' ~ relation ~ ' order by 1') -%}
    {{ return(found.columns[0].values() | list) }}
  {%- endif -%}
  {{ return([]) }}
{% endmacro %}

{# The till's own macro, done here in another way. #}
{% macro default__cents_to_money(column) -%}
    ({{ column }} / 100.0)::numeric(12, {{ var('digits', 2) }})
{%- endmacro %}

{% macro pair(name, value, sep=': ') %}{{ name ~ sep ~ value }}{% endmacro %}

{% macro listed() -%}
  {{ varargs | join('/') }}{% for key, value in kwargs.items() %}|{{ key }}={{ value }}{% endfor %}
{%- endmacro %}
