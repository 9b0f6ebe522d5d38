{#
  Types, one macro for each thing that engines write differently. A cast to a type that all of them name alike (integer, bigint, date,
  numeric with its digits) is plain SQL.
#}

{# A value as text. #}
{% macro as_text(value) -%}
{{ adapter.dispatch('as_text')(value) }}
{%- endmacro %}

{% macro postgres__as_text(value) -%}
cast({{ value }} as text)
{%- endmacro %}

{# A text of digits as an exact decimal number, however many digits it has. #}
{% macro as_exact_number(text) -%}
{{ adapter.dispatch('as_exact_number')(text) }}
{%- endmacro %}

{% macro postgres__as_exact_number(text) -%}
cast({{ text }} as numeric)
{%- endmacro %}

{# A number as a floating-point one. #}
{% macro as_float(value) -%}
{{ adapter.dispatch('as_float')(value) }}
{%- endmacro %}

{% macro postgres__as_float(value) -%}
cast({{ value }} as double precision)
{%- endmacro %}

{# A constant moment in UTC, written as `2011-02-28 17:00:00`. #}
{% macro utc_moment(text) -%}
{{ adapter.dispatch('utc_moment')(text) }}
{%- endmacro %}

{% macro postgres__utc_moment(text) -%}
timestamptz '{{ text }}+00'
{%- endmacro %}
