{% macro cents_to_money(column) %}
  {{- return(adapter.dispatch('cents_to_money', 'till')(column)) -}}
{% endmacro %}

{% macro default__cents_to_money(column) -%}
    round({{ column }} / 100.0, {{ var('digits') }})
{%- endmacro %}

{% macro vat(column, rate=0.07) %}
  {{- adapter.dispatch('vat', macro_namespace='till')(column, rate=rate) -}}
{% endmacro %}

{% macro default__vat(column, rate) -%}
    'no vat known'
{%- endmacro %}

{% macro postgres__vat(column, rate) -%}
    round({{ column }} * {{ rate }}, 2)
{%- endmacro %}

{% macro receipt_number(prefix) -%}
    '{{ prefix }}-' || lpad({{ caller() }}::text, 5, '0')
{%- endmacro %}
