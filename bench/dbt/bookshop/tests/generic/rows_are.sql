{% test rows_are(model, number) %}
select counted.rows from (select count(*) as rows from {{ model }}) as counted where counted.rows <> {{ number }}
{% endtest %}

{% test sums_to(model, column_name, other, key) %}
with a as (select {{ key }} as k, sum({{ column_name }}) as s from {{ model }} group by 1),
b as (select {{ key }} as k, sum({{ column_name }}) as s from {{ other }} group by 1)
select coalesce(a.k, b.k) as k, a.s as here, b.s as there
from a full join b on a.k = b.k
where a.s is distinct from b.s
{% endtest %}
