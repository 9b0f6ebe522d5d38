{% macro wrapped(tag) -%}
  /* {{ tag }} */ ({{ caller() | trim }})
{%- endmacro %}

{% macro each(items) -%}
  {%- for item in items -%}{{ caller(item, loop.index) }}{{ ' || ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{% macro coalesced() -%}
  coalesce({{ varargs | join(', ') }}{% for name, value in kwargs.items() | sort %}, {{ value }} /* {{ name }} */{% endfor %})
{%- endmacro %}

{% macro greeting(name) -%}
  {{ return(adapter.dispatch('greeting', 'toolbox')(name)) }}
{%- endmacro %}
{% macro default__greeting(name) %}'hello {{ name }}'{% endmacro %}
{% macro postgres__greeting(name) %}'postgres {{ name }}'{% endmacro %}
