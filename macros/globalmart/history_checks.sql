{#
  The versions of a history that break its rule: within a key the intervals follow each other without overlap or gap, are not
  empty, and the last one alone is open and current. No rows when all is well.
#}
{% macro broken_history(history, natural_key) -%}
select
    version.{{ natural_key }},
    version.effective_from,
    version.effective_to,
    version.is_current,
    version.next_from
from (
    select
        v.{{ natural_key }},
        v.effective_from,
        v.effective_to,
        v.is_current,
        lead(v.effective_from) over (partition by v.{{ natural_key }} order by v.effective_from nulls last) as next_from
    from {{ history }} as v
) as version
where version.effective_from >= version.effective_to
    or version.effective_to <> coalesce(version.next_from, {{ utc_moment('9999-12-31 00:00:00') }})
    or version.is_current <> (version.next_from is null)
{%- endmacro %}

{#
  The facts whose surrogate key is not that of the version in force at their time (the first version when they are earlier, null when
  there is none). Written from the rule and not from the models: the two cases apart. No rows when all is well.
#}
{% macro wrongly_keyed(facts, fact_time, fact_key, history, natural_key, surrogate_key, events, event_key) -%}
select
    fact.event_id,
    fact.{{ fact_key }} as has_key,
    coalesce(in_force.{{ surrogate_key }}, first_version.{{ surrogate_key }}) as wants_key
from {{ facts }} as fact
inner join {{ events }} as event
    on event.event_id = fact.event_id
left join {{ history }} as in_force
    on in_force.{{ natural_key }} = event.{{ event_key }}
    and in_force.effective_from <= fact.{{ fact_time }}
    and fact.{{ fact_time }} < in_force.effective_to
left join (
    select
        v.{{ natural_key }},
        v.{{ surrogate_key }},
        row_number() over (partition by v.{{ natural_key }} order by v.effective_from nulls last) as nth
    from {{ history }} as v
) as first_version
    on first_version.{{ natural_key }} = event.{{ event_key }}
    and first_version.nth = 1
where fact.{{ fact_key }} is distinct from coalesce(in_force.{{ surrogate_key }}, first_version.{{ surrogate_key }})
{%- endmacro %}
