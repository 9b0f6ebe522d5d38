{% set parts = [(ref('stg_customers'), 'customer_name', 'customer'), (ref('stg_suppliers'), 'supplier', 'supplier')] %}
{% for relation, column, kind in parts %}
select {{ column }} as name, '{{ kind }}' as kind, '{{ relation.identifier }}' as found_in from {{ relation }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
