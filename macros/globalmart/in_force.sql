{#
  The versions of a history as the intervals in which facts take them: a fact takes the version in force at its
  time, or the first version when it is earlier than that. So the first version begins before all time.
  Gives a relation with the natural key, the surrogate key, in_force_from and in_force_to.

  The arguments are the history, its natural key, its surrogate key and, optionally, a condition on `version` that
  takes whole keys (never single versions: the first one must be among them).
#}
{% macro in_force(history, natural_key, surrogate_key, keys='true') -%}
(
    select
        version.{{ natural_key }},
        version.{{ surrogate_key }},
        case
            when row_number() over (
                partition by version.{{ natural_key }} order by version.effective_from
            ) = 1 then timestamptz '0001-01-01 00:00:00+00'
            else version.effective_from
        end as in_force_from,
        version.effective_to as in_force_to
    from {{ history }} as version
    where {{ keys }}
)
{%- endmacro %}

{#
  The versions among `changed` (rows of `history` that are new or corrected), each with the interval in which facts take it,
  for finding the facts that have to be keyed again.
#}
{% macro in_force_of_changed(changed, history, natural_key) -%}
(
    select
        version.{{ natural_key }},
        case
            when exists (
                select 1
                from {{ history }} as earlier
                where earlier.{{ natural_key }} = version.{{ natural_key }}
                    and earlier.effective_from < version.effective_from
            ) then version.effective_from
            else timestamptz '0001-01-01 00:00:00+00'
        end as in_force_from,
        version.effective_to as in_force_to
    from {{ changed }} as version
)
{%- endmacro %}
