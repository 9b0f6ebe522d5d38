{# A key from several columns; a null counts as a value of its own. #}
{% macro surrogate_key(columns) %}
  {{- return(adapter.dispatch('surrogate_key', 'house_rules')(columns)) -}}
{% endmacro %}

{% macro default__surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '_null_')") -%}
        {%- if not loop.last %}{% do parts.append("'-'") %}{% endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}
