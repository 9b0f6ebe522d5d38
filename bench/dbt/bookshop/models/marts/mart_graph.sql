{% set found = [] %}
{% if execute %}
  {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed') | sort(attribute='name') %}
    {% do found.append(node.name ~ ' of ' ~ node.package_name) %}
  {% endfor %}
{% endif %}
{% for one in found %}
select '{{ one }}' as seed, {{ loop.index }} as place, '{{ model.name }}' as asked_by {{ 'union all' if not loop.last }}
{% endfor %}
{% if not found %}select null::text as seed, 0 as place, null::text as asked_by{% endif %}
