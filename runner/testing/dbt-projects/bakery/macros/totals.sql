{% macro total(column) -%}
    coalesce(sum({{ column }}), 0)
{%- endmacro %}

{# The ledger's own macro, done in this project's way through dispatch. #}
{% macro default__money_type() -%}
    numeric(16, {{ var('rounding', 2) }})
{%- endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set default_schema = target.schema -%}
    {%- if custom_schema_name is none -%}
        {{ default_schema }}
    {%- else -%}
        {{ default_schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
