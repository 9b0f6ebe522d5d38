{% macro weekday_name(column) %}trim(to_char({{ column }}, 'Day')){% endmacro %}
{% macro _is_weekend(column) %}extract(isodow from {{ column }}) > 5{% endmacro %}
{% macro is_open(column) %}not ({{ almanac._is_weekend(column) }}){% endmacro %}
