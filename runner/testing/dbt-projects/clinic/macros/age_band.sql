{# Three bands here: dispatch finds this one first. #}
{% macro default__age_band(column) -%}
    case when {{ column }} < 18 then 'child' when {{ column }} < 65 then 'adult' else 'senior' end
{%- endmacro %}
