{# Fails for each combination of the columns that more than one row has: the grain of a table with several keys. #}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as rows_of_one_key
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
