{# Found before the package's own, by dispatch. #}
{% macro default__greeting(name) %}'workshop {{ name }}'{% endmacro %}
