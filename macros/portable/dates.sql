{#
  Dates and times, one macro for each thing that engines write differently. All times are UTC.

  Each macro dispatches: `default__x` is SQL that every engine runs, `postgres__x` is PostgreSQL's own way. Another engine adds its
  `<engine>__x` and no model changes.
#}

{# The UTC date of a timestamptz. #}
{% macro utc_date(moment) -%}
{{ adapter.dispatch('utc_date')(moment) }}
{%- endmacro %}

{% macro postgres__utc_date(moment) -%}
cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}

{# Midnight UTC at the start of a date, as timestamptz. #}
{% macro utc_midnight(day) -%}
{{ adapter.dispatch('utc_midnight')(day) }}
{%- endmacro %}

{% macro postgres__utc_midnight(day) -%}
(cast({{ day }} as timestamp) at time zone 'UTC')
{%- endmacro %}

{# The date `count` units (day, week, month, year) after a date. A month too short ends on its last day. #}
{% macro dateadd(unit, count, day) -%}
{{ adapter.dispatch('dateadd')(unit, count, day) }}
{%- endmacro %}

{% macro postgres__dateadd(unit, count, day) -%}
cast({{ day }} + ({{ count }}) * interval '1 {{ unit }}' as date)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(from_day, to_day) -%}
{{ adapter.dispatch('days_between')(from_day, to_day) }}
{%- endmacro %}

{% macro postgres__days_between(from_day, to_day) -%}
({{ to_day }} - {{ from_day }})
{%- endmacro %}

{# Seconds from one timestamptz to another, with their fraction. #}
{% macro seconds_between(from_moment, to_moment) -%}
{{ adapter.dispatch('seconds_between')(from_moment, to_moment) }}
{%- endmacro %}

{% macro postgres__seconds_between(from_moment, to_moment) -%}
extract(epoch from {{ to_moment }} - {{ from_moment }})
{%- endmacro %}

{# The timestamptz so many seconds, also of a fraction, after another. #}
{% macro add_seconds(moment, seconds) -%}
{{ adapter.dispatch('add_seconds')(moment, seconds) }}
{%- endmacro %}

{% macro postgres__add_seconds(moment, seconds) -%}
({{ moment }} + ({{ seconds }}) * interval '1 second')
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro isodow(day) -%}
{{ adapter.dispatch('isodow')(day) }}
{%- endmacro %}

{% macro postgres__isodow(day) -%}
cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{# The year that the ISO week of a date belongs to. #}
{% macro isoyear(day) -%}
{{ adapter.dispatch('isoyear')(day) }}
{%- endmacro %}

{% macro postgres__isoyear(day) -%}
cast(extract(isoyear from {{ day }}) as integer)
{%- endmacro %}

{# The English name of a date's month. #}
{% macro month_name(day) -%}
{{ adapter.dispatch('month_name')(day) }}
{%- endmacro %}

{% macro postgres__month_name(day) -%}
to_char({{ day }}, 'FMMonth')
{%- endmacro %}

{# The English name of a date's weekday. #}
{% macro day_name(day) -%}
{{ adapter.dispatch('day_name')(day) }}
{%- endmacro %}

{% macro postgres__day_name(day) -%}
to_char({{ day }}, 'FMDay')
{%- endmacro %}

{# The first day of a date's unit: week (Monday), month, quarter or year. #}
{% macro first_day(unit, day) -%}
{{ adapter.dispatch('first_day')(unit, day) }}
{%- endmacro %}

{% macro default__first_day(unit, day) -%}
cast(date_trunc('{{ unit }}', cast({{ day }} as timestamp)) as date)
{%- endmacro %}

{# The last day of a date's month. #}
{% macro month_end(day) -%}
{{ adapter.dispatch('month_end')(day) }}
{%- endmacro %}

{% macro default__month_end(day) -%}
cast(date_trunc('month', cast({{ day }} as timestamp)) + interval '1 month' - interval '1 day' as date)
{%- endmacro %}

{#
  A relation with the column `day`: every date from one to another, both included; no rows when the first is later.
  Both are expressions over constants, as an engine may compute the dates before it reads any table.
#}
{% macro date_spine(from_day, to_day) -%}
{{ adapter.dispatch('date_spine')(from_day, to_day) }}
{%- endmacro %}

{% macro postgres__date_spine(from_day, to_day) -%}
(
    select cast(spine.moment as date) as day
    from generate_series(
        cast({{ from_day }} as timestamp), cast({{ to_day }} as timestamp), interval '1 day'
    ) as spine (moment)
)
{%- endmacro %}

{# A date as the integer yyyymmdd, the key of dim_date. #}
{% macro date_key(day) -%}
{{ adapter.dispatch('date_key')(day) }}
{%- endmacro %}

{% macro default__date_key(day) -%}
cast(
    extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }})
    as integer
)
{%- endmacro %}

{# A relation with the column `month`: the first day of every month from that of one date to that of another. #}
{% macro month_spine(from_day, to_day) -%}
{{ adapter.dispatch('month_spine')(from_day, to_day) }}
{%- endmacro %}

{% macro postgres__month_spine(from_day, to_day) -%}
(
    select cast(spine.moment as date) as month
    from generate_series(
        date_trunc('month', cast({{ from_day }} as timestamp)),
        date_trunc('month', cast({{ to_day }} as timestamp)),
        interval '1 month'
    ) as spine (moment)
)
{%- endmacro %}
