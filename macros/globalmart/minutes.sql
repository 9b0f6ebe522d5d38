{#
  The speed layer counts by the minute of the event. A minute in which anything was landed, however late, or from which an event was
  moved away, is counted again from all its events: so late, repeated and corrected events end in the same table as a rebuild.
#}

{# The minute of a moment, as the moment at which it begins. #}
{% macro minute_of(moment) -%}
date_trunc('minute', {{ moment }})
{%- endmacro %}

{# The hour of a moment, as the moment at which it begins. #}
{% macro hour_of(moment) -%}
date_trunc('hour', {{ moment }})
{%- endmacro %}

{# The minutes that staged events came to or went from since the last run; a column `minute`. #}
{% macro minutes_touched(staging) -%}
select {{ minute_of('moved.event_time') }} as minute from {{ changed_keys(staging, 'event_time') }} as moved
{%- endmacro %}

{# The staged events of the minutes to count, with their `minute`; on the first build, all of them. #}
{% macro events_by_minute(staging) -%}
(
    select {{ minute_of('event.event_time') }} as minute, event.*
    from {{ staging }} as event
    {% if is_incremental() %}
    inner join (
        select distinct touched.minute
        from (
            {% call recompute('minute') %}
            {{ minutes_touched(staging) }}
            {% endcall %}
        ) as touched
    ) as counted
        on event.event_time >= counted.minute
        and event.event_time < {{ add_seconds('counted.minute', 60) }}
    {% endif %}
)
{%- endmacro %}

{#
  For a model whose query gives its whole table anew: rows whose key it does not give any more go, and the others are written where
  they differ. Unlike a table that is swapped in, nobody who reads it is waited for. Prints nothing.
#}
{% macro gives_all_rows(key) -%}
{%- if is_incremental() -%}
{%- set all_keys -%}
{% call recompute(key) %}
select known.{{ key }} from {{ this }} as known
{% endcall %}
{%- endset -%}
{%- endif -%}
{%- endmacro %}
