{# Numbers, one macro for each thing that engines write differently. #}

{# The quotient without its fraction, rounded towards zero. #}
{% macro int_div(dividend, divisor) -%}
{{ adapter.dispatch('int_div')(dividend, divisor) }}
{%- endmacro %}

{% macro postgres__int_div(dividend, divisor) -%}
div({{ dividend }}, {{ divisor }})
{%- endmacro %}

{# The value below which a share of the values lies, interpolated between neighbours; `share` is 0 to 1. #}
{% macro percentile(value, share) -%}
{{ adapter.dispatch('percentile')(value, share) }}
{%- endmacro %}

{% macro default__percentile(value, share) -%}
percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}

{# 100 * part / whole with two decimals; null when the whole is null or zero. #}
{% macro percent(part, whole) -%}
{{ adapter.dispatch('percent')(part, whole) }}
{%- endmacro %}

{% macro default__percent(part, whole) -%}
round(100.0 * ({{ part }}) / nullif({{ whole }}, 0), 2)
{%- endmacro %}

{# The natural logarithm, as a floating-point number: exact decimals would cost a hundred times as much. #}
{% macro natural_log(value) -%}
{{ adapter.dispatch('natural_log')(value) }}
{%- endmacro %}

{% macro default__natural_log(value) -%}
ln({{ as_float(value) }})
{%- endmacro %}
