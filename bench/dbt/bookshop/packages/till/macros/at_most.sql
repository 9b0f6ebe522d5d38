{% test at_most(model, column_name, maximum, or_equal=true) %}
{{ config(severity='warn') }}
select {{ column_name }}
from {{ model }}
where {{ column_name }} {{ '>' if or_equal else '>=' }} {{ maximum }}
{% endtest %}
