{#
  A relation with analysis_date: the last days of the months from that of `from_day` up to, and without, that of a month that
  is still open on `as_of_day`. A month is closed once as_of has passed its last day. Both are scalar expressions.
#}
{% macro closed_month_ends(from_day, as_of_day) -%}
(
    select {{ month_end('month_spine.month') }} as analysis_date
    from {{ month_spine(from_day, as_of_day) }} as month_spine
    where {{ month_end('month_spine.month') }} < {{ as_of_day }}
)
{%- endmacro %}
