{# Text and JSON, one macro for each thing that engines write differently. #}

{# A field of a JSON object as text; null when it is absent or JSON null. #}
{% macro json_get(document, field) -%}
({{ document }} ->> '{{ field }}')
{%- endmacro %}

{# The elements of a JSON array as the rows of a relation with the column `value`. #}
{% macro json_array_elements(document) -%}
jsonb_array_elements({{ document }})
{%- endmacro %}

{# Null for a text that is empty or only white space, otherwise the text as it is. #}
{% macro blank_to_null(text) -%}
case when {{ text }} ~ '\S' then {{ text }} end
{%- endmacro %}

{# The md5 of a text's UTF-8 bytes, as 32 lower-case hexadecimal digits. #}
{% macro md5(text) -%}
md5({{ text }})
{%- endmacro %}

{# The values joined by a separator, in the given order; nulls are left out. #}
{% macro string_agg(value, separator, order_by) -%}
string_agg({{ value }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# Every match of a regular expression replaced. #}
{% macro regexp_replace(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Whether a regular expression matches anywhere in a text. #}
{% macro regexp_match(text, pattern) -%}
({{ text }} ~ '{{ pattern }}')
{%- endmacro %}

{# LIKE without regard to case. #}
{% macro ilike(text, pattern) -%}
({{ text }} ilike '{{ pattern }}')
{%- endmacro %}
