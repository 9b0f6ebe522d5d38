{% macro age_band(column) %}
  {{- return(adapter.dispatch('age_band', 'house_rules')(column)) -}}
{% endmacro %}

{% macro default__age_band(column) -%}
    case when {{ column }} < 18 then 'child' else 'adult' end
{%- endmacro %}
