{% macro star(from, except=[]) -%}
    {%- set names = [] -%}
    {%- for column in adapter.get_columns_in_relation(from) if column.name not in except -%}
        {%- do names.append(column.quoted) -%}
    {%- endfor -%}
    {{ names | join(', ') }}
{%- endmacro %}
