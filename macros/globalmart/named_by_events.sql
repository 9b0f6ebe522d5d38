{#
  The reference data of a key that seeds describe and events may name, as the events of its history: the rows of the seed from
  their valid_from on, and for a key that only events name one event without attributes at the first time it is named.

  `mentions` gives, for a relation with an alias of `e`, every staged event's key; `attributes` are the columns of the seed.
#}
{% macro named_by_events(seed, natural_key, attributes, stagings) -%}
(
    select
        seed.{{ natural_key }},
        seed.valid_from as event_time,
        {% for attribute in attributes -%}
        seed.{{ attribute }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ seed }} as seed
    union all
    select
        mention.{{ natural_key }},
        min(mention.event_time) as event_time,
        {% for attribute in attributes -%}
        cast(null as text) as {{ attribute }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from (
        {% for staging in stagings -%}
        select
            e.{{ natural_key }},
            min(e.event_time) as event_time
        from {{ staging }} as e
        where e.{{ natural_key }} is not null
        group by e.{{ natural_key }}
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as mention
    where not exists (
        select 1
        from {{ seed }} as known
        where known.{{ natural_key }} = mention.{{ natural_key }}
    )
    group by mention.{{ natural_key }}
)
{%- endmacro %}
