{# One value, of whatever kind, or the default where there is no row. #}
{% macro get_single_value(query, default=none) -%}
  {%- if not execute -%}{{ return(default) }}{%- endif -%}
  {%- set answer = run_query(query) -%}
  {%- if answer.rows | length > 0 -%}{{ return(answer.columns[0].values()[0]) }}{%- endif -%}
  {{ return(default) }}
{%- endmacro %}

{# A dictionary of lists, by column. #}
{% macro query_as_dict(query) -%}
  {%- set by_column = {} -%}
  {%- if execute -%}
    {%- set answer = run_query(query) -%}
    {%- for name in answer.column_names -%}
      {%- do by_column.update({name: answer.columns[name].values()}) -%}
    {%- endfor -%}
  {%- endif -%}
  {{ return(by_column) }}
{%- endmacro %}

{% macro rows_as_text(query) -%}
  {%- if execute -%}
    {%- set answer = run_query(query) -%}
    {%- for row in answer.rows -%}
      {{ row[0] }}:{{ row['n'] }}:{{ row.values() | join('/') }}:{{ row.keys() | join('/') }}{{ ';' if not loop.last }}
    {%- endfor -%}
    |{{ answer.columns | map(attribute='name') | join(',') }}|{{ answer | length }}|{{ answer.rows | length }}
  {%- endif -%}
{%- endmacro %}

{% macro show_table(query) -%}
  {%- if execute -%}{%- do run_query(query).print_table(max_rows=3) -%}{%- endif -%}
{%- endmacro %}
