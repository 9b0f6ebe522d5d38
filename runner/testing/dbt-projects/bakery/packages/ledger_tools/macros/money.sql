{% macro money_type() %}
  {{- return(adapter.dispatch('money_type', 'ledger_tools')()) -}}
{% endmacro %}

{% macro default__money_type() -%}
    double precision
{%- endmacro %}

{% macro cents_to_money(column) -%}
    round({{ column }} / 100.0, {{ ledger_tools.digits() }})::{{ ledger_tools.money_type() }}
{%- endmacro %}

{% macro digits() %}{{ return(2) }}{% endmacro %}

{% test at_least(model, column_name, minimum) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ minimum }}
{% endtest %}
