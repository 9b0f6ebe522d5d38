{% test at_least_one(model, column_name) %}
select 1 as missing
from {{ model }}
having count({{ column_name }}) = 0
{% endtest %}

{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
