{#
  The versions of a history as the intervals in which facts take them: a fact takes the version in force at its
  time, or the first version when it is earlier than that. So the first version begins before all time.
  Gives a relation with the natural key, the surrogate key, in_force_from and in_force_to.

  `events`, when given, is a relation with a column named `natural_key`, whose keys alone are needed. Where all events are keyed it is
  left out: reading them once for each history costs more than the versions that are not needed.
#}
{% macro in_force(history, natural_key, surrogate_key, events='') -%}
(
    select
        version.{{ natural_key }},
        version.{{ surrogate_key }},
        case
            when row_number() over (
                partition by version.{{ natural_key }} order by version.effective_from nulls last
            ) = 1 then {{ beginning_of_time() }}
            else version.effective_from
        end as in_force_from,
        version.effective_to as in_force_to
    from {{ history }} as version
    {%- if events %}
    where version.{{ natural_key }} in (select wanted.{{ natural_key }} from {{ events }} as wanted)
    {%- endif %}
)
{%- endmacro %}

{# The intervals of a history that are new, corrected or gone. #}
{% macro changed_intervals(history, natural_key) -%}
{{ changed_keys(history, [natural_key, 'effective_from', 'effective_to'], 'versions') }}
{%- endmacro %}

{#
  The ids of staged events whose version of `history` may be another one than before, so that their facts are keyed again. `changed`
  are intervals of the history that are new, corrected or gone; one that was or is the first also takes all that came before it, which
  is how a null key is repaired.

  A version that `facts` carry, and that is still there with another end, keeps the events before the earlier of its ends: at the
  close of a month most customers get a new segment, and what they did before it stays as it is. One that no fact carries may have come
  and been corrected since the facts were keyed, and is taken whole.
#}
{% macro events_keyed_again(staging, facts, changed, history, natural_key, surrogate_key) -%}
select e.event_id
    from (
        select
            version.{{ natural_key }},
            version.last_end,
            case
                when exists (
                    select 1
                    from {{ history }} as kept
                    inner join {{ facts }} as fact
                        on fact.{{ surrogate_key }} = kept.{{ surrogate_key }}
                    where kept.{{ natural_key }} = version.{{ natural_key }}
                        and kept.effective_from = version.effective_from
                ) then version.first_end
                when exists (
                    select 1
                    from {{ history }} as earlier
                    where earlier.{{ natural_key }} = version.{{ natural_key }}
                        and earlier.effective_from < version.effective_from
                ) then version.effective_from
                else {{ beginning_of_time() }}
            end as moved_from
        from (
            select
                states.{{ natural_key }},
                states.effective_from,
                min(states.effective_to) as first_end,
                max(states.effective_to) as last_end
            from {{ changed }} as states
            group by states.{{ natural_key }}, states.effective_from
        ) as version
    ) as moved
    inner join {{ staging }} as e
        on e.{{ natural_key }} = moved.{{ natural_key }}
        and e.event_time >= moved.moved_from
        and e.event_time < moved.last_end
{%- endmacro %}

{#
  The ids of staged events whose facts are written again: those that are new or were told otherwise, and those that lie in an interval
  of a dimension which changed. All facts have the same three dimensions with a history.
#}
{% macro events_to_key_again(staging, facts) -%}
select changed.event_id
        from {{ changed_keys(staging, 'event_id') }} as changed
        {%- for history, natural_key, surrogate_key in [
            [ref('dim_products'), 'product_id', 'product_id_pk'],
            [ref('dim_customers'), 'user_id', 'customer_sk'],
            [ref('dim_geography'), 'country', 'geography_id']
        ] %}
        union
        {{ events_keyed_again(
            staging, facts, changed_intervals(history, natural_key), history, natural_key, surrogate_key
        ) }}
        {%- endfor %}
{%- endmacro %}

{# Earlier than any event. #}
{% macro beginning_of_time() -%}
{{ utc_moment('0001-01-01 00:00:00') }}
{%- endmacro %}
