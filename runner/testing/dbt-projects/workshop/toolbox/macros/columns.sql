{% macro _is_relation(it, macro) %}
  {%- if not (it is mapping and it.get('metadata', {}).get('type', '').endswith('Relation')) -%}
    {%- do exceptions.raise_compiler_error("Macro " ~ macro ~ " expects a relation, not '" ~ it ~ "'") -%}
  {%- endif -%}
{% endmacro %}

{% macro columns_of(from, except=[]) -%}
  {%- set kept = [] -%}
  {%- set except = except | map('lower') | list -%}
  {%- for column in adapter.get_columns_in_relation(from) -%}
    {%- if column.column | lower not in except -%}{%- do kept.append(column) -%}{%- endif -%}
  {%- endfor -%}
  {{ return(kept) }}
{%- endmacro %}

{% macro star(from, relation_alias=False, except=[], prefix='', suffix='', quote_identifiers=True) -%}
  {%- if not execute -%}{% do return('*') %}{%- endif -%}
  {%- do toolbox._is_relation(from, 'star') -%}
  {%- for column in toolbox.columns_of(from, except) %}
    {%- if relation_alias %}{{ relation_alias }}.{% endif -%}
    {{ adapter.quote(column.name) | trim if quote_identifiers else column.name | trim }}
    {%- if prefix != '' or suffix != '' %} as {{ adapter.quote(prefix ~ column.name ~ suffix) }}{% endif -%}
    {%- if not loop.last %},{{ '\n  ' }}{% endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro get_column_values(table, column, order_by='count(*) desc', max_records=none, default=none, where=none) -%}
  {{ return(adapter.dispatch('get_column_values', 'toolbox')(table, column, order_by, max_records, default, where)) }}
{%- endmacro %}

{% macro default__get_column_values(table, column, order_by, max_records, default, where) -%}
  {%- if not execute -%}{% set default = [] if not default %}{{ return(default) }}{%- endif -%}
  {%- set relation = load_relation(table) -%}
  {%- if relation is none -%}
    {%- if default is none -%}
      {%- do exceptions.raise_compiler_error('there is no relation ' ~ table) -%}
    {%- endif -%}
    {{ return(default) }}
  {%- endif -%}
  {%- call statement('get_column_values', fetch_result=true) %}
    select {{ column }} as value from {{ relation }}
    {% if where is not none %}where {{ where }}{% endif %}
    group by {{ column }} order by {{ order_by }}
    {% if max_records is not none %}limit {{ max_records }}{% endif %}
  {% endcall -%}
  {%- set answer = load_result('get_column_values') -%}
  {%- if answer and answer['data'] -%}
    {{ return(answer['data'] | map(attribute=0) | list) }}
  {%- else -%}
    {{ return(default) }}
  {%- endif -%}
{%- endmacro %}

{% macro pivot(column, values, alias=True, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0) -%}
  {%- for value in values %}
    {{ agg }}(
      case when {{ column }} {{ cmp }} '{{ dbt.escape_single_quotes(value) }}' then {{ then_value }} else {{ else_value }} end
    )
    {%- if alias %} as {{ adapter.quote(prefix ~ value ~ suffix) }}{% endif -%}
    {{ ',' if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{% macro union_relations(relations, column_override=none, source_column_name='_from') -%}
  {%- set supersets = {} -%}
  {%- set columns_by = {} -%}
  {%- for relation in relations -%}
    {%- do columns_by.update({relation: []}) -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
      {%- do columns_by[relation].append(column.column) -%}
      {%- if column.column in supersets -%}
        {%- set known = supersets[column.column] -%}
        {%- if column.is_string() and known.is_string() and column.string_size() > known.string_size() -%}
          {%- do supersets.update({column.column: column}) -%}
        {%- endif -%}
      {%- else -%}
        {%- do supersets.update({column.column: column}) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- set ordered = supersets.keys() -%}
  {%- for relation in relations %}
    (
      select
        cast({{ dbt.string_literal(relation.identifier) }} as {{ dbt.type_string() }}) as {{ source_column_name }},
        {% for name in ordered -%}
          {%- set column = supersets[name] %}
          {%- set type = (column_override or {}).get(column.column, column.data_type) %}
          cast({{ adapter.quote(column.column) if column.column in columns_by[relation] else 'null' }} as {{ type }}) as {{ adapter.quote(column.column) }}
          {%- if not loop.last %},{% endif -%}
        {%- endfor %}
      from {{ relation }}
    )
    {% if not loop.last %}union all{% endif %}
  {%- endfor -%}
{%- endmacro %}
