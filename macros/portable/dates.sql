{# Dates and times, one macro for each thing that engines write differently. All times are UTC. #}

{# The UTC date of a timestamptz. #}
{% macro utc_date(moment) -%}
cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}

{# Midnight UTC at the start of a date, as timestamptz. #}
{% macro utc_midnight(day) -%}
(cast({{ day }} as timestamp) at time zone 'UTC')
{%- endmacro %}

{# The date `count` units (day, week, month, year) after a date. A month too short ends on its last day. #}
{% macro dateadd(unit, count, day) -%}
cast({{ day }} + ({{ count }}) * interval '1 {{ unit }}' as date)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(from_day, to_day) -%}
({{ to_day }} - {{ from_day }})
{%- endmacro %}

{# Seconds from one timestamptz to another, with their fraction. #}
{% macro seconds_between(from_moment, to_moment) -%}
extract(epoch from {{ to_moment }} - {{ from_moment }})
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro isodow(day) -%}
cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{# The year that the ISO week of a date belongs to. #}
{% macro isoyear(day) -%}
cast(extract(isoyear from {{ day }}) as integer)
{%- endmacro %}

{# The English name of a date's month. #}
{% macro month_name(day) -%}
to_char({{ day }}, 'FMMonth')
{%- endmacro %}

{# The English name of a date's weekday. #}
{% macro day_name(day) -%}
to_char({{ day }}, 'FMDay')
{%- endmacro %}

{# The first day of a date's unit: week (Monday), month, quarter or year. #}
{% macro first_day(unit, day) -%}
cast(date_trunc('{{ unit }}', cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{# The last day of a date's month. #}
{% macro month_end(day) -%}
cast(date_trunc('month', cast({{ day }} as timestamp)) + interval '1 month' - interval '1 day' as date)
{%- endmacro %}

{#
  A relation with the column `day`: every date from one to another, both included; no rows when the first is later.
  Both are expressions over constants, as an engine may compute the dates before it reads any table.
#}
{% macro date_spine(from_day, to_day) -%}
(
    select cast(spine.moment as date) as day
    from generate_series(
        cast({{ from_day }} as timestamp), cast({{ to_day }} as timestamp), interval '1 day'
    ) as spine (moment)
)
{%- endmacro %}

{# A date as the integer yyyymmdd, the key of dim_date. #}
{% macro date_key(day) -%}
cast(
    extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }})
    as integer
)
{%- endmacro %}

{# A relation with the column `month`: the first day of every month from that of one date to that of another. #}
{% macro month_spine(from_day, to_day) -%}
(
    select cast(spine.moment as date) as month
    from generate_series(
        date_trunc('month', cast({{ from_day }} as timestamp)),
        date_trunc('month', cast({{ to_day }} as timestamp)),
        interval '1 month'
    ) as spine (moment)
)
{%- endmacro %}
