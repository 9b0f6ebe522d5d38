{# Text and JSON, one macro for each thing that engines write differently. #}

{# A field of a JSON object as text; null when it is absent or JSON null. #}
{% macro json_get(document, field) -%}
{{ adapter.dispatch('json_get')(document, field) }}
{%- endmacro %}

{% macro postgres__json_get(document, field) -%}
({{ document }} ->> '{{ field }}')
{%- endmacro %}

{# The elements of a JSON array as the rows of a relation with the column `value`. #}
{% macro json_array_elements(document) -%}
{{ adapter.dispatch('json_array_elements')(document) }}
{%- endmacro %}

{% macro postgres__json_array_elements(document) -%}
jsonb_array_elements({{ document }})
{%- endmacro %}

{# Null for a text that is empty or only white space, otherwise the text as it is. #}
{% macro blank_to_null(text) -%}
{{ adapter.dispatch('blank_to_null')(text) }}
{%- endmacro %}

{% macro postgres__blank_to_null(text) -%}
case when {{ text }} ~ '\S' then {{ text }} end
{%- endmacro %}

{# The md5 of a text's UTF-8 bytes, as 32 lower-case hexadecimal digits. #}
{% macro md5(text) -%}
{{ adapter.dispatch('md5')(text) }}
{%- endmacro %}

{% macro default__md5(text) -%}
md5({{ text }})
{%- endmacro %}

{# The values joined by a separator, in the given order; nulls are left out. #}
{% macro string_agg(value, separator, order_by) -%}
{{ adapter.dispatch('string_agg')(value, separator, order_by) }}
{%- endmacro %}

{% macro postgres__string_agg(value, separator, order_by) -%}
string_agg({{ value }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# Every match of a regular expression replaced. #}
{% macro regexp_replace(text, pattern, replacement) -%}
{{ adapter.dispatch('regexp_replace')(text, pattern, replacement) }}
{%- endmacro %}

{% macro postgres__regexp_replace(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Whether a regular expression matches anywhere in a text. #}
{% macro regexp_match(text, pattern) -%}
{{ adapter.dispatch('regexp_match')(text, pattern) }}
{%- endmacro %}

{% macro postgres__regexp_match(text, pattern) -%}
({{ text }} ~ '{{ pattern }}')
{%- endmacro %}

{# LIKE without regard to case. #}
{% macro ilike(text, pattern) -%}
{{ adapter.dispatch('ilike')(text, pattern) }}
{%- endmacro %}

{% macro default__ilike(text, pattern) -%}
({{ text }} ilike '{{ pattern }}')
{%- endmacro %}

{# A text that sorts by its bytes, in every engine and whatever the language of the database. #}
{% macro in_byte_order(text) -%}
{{ adapter.dispatch('in_byte_order')(text) }}
{%- endmacro %}

{% macro postgres__in_byte_order(text) -%}
{{ text }} collate "C"
{%- endmacro %}
