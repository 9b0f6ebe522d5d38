{# A key from several columns; what stands for a null is a variable of the package. #}
{% macro surrogate_key(columns) -%}
  {{ return(adapter.dispatch('surrogate_key', 'toolbox')(columns)) }}
{%- endmacro %}

{% macro default__surrogate_key(columns) -%}
  {%- if columns is string or columns is not iterable -%}
    {{ exceptions.raise_compiler_error('surrogate_key() takes a list of columns, not "' ~ columns ~ '"') }}
  {%- endif -%}
  {%- set parts = [] -%}
  {%- for column in columns -%}
    {%- set _ = parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '" ~ var('null_word', '') ~ "')") -%}
    {%- if not loop.last %}{%- set _ = parts.append("'-'") -%}{%- endif -%}
  {%- endfor -%}
  {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}

{% macro group_by(n) -%}
  group by {% for i in range(1, n + 1) -%}{{ i }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{% macro deduplicate(relation, partition_by, order_by) -%}
  {{ return(adapter.dispatch('deduplicate', 'toolbox')(relation, partition_by, order_by)) }}
{%- endmacro %}

{% macro default__deduplicate(relation, partition_by, order_by) -%}
  {{ exceptions.raise_not_implemented('deduplicate for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__deduplicate(relation, partition_by, order_by) -%}
  select distinct on ({{ partition_by }}) *
  from {{ relation }}
  order by {{ partition_by }}{{ ',' ~ order_by }}
{%- endmacro %}
