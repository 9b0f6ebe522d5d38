{#
  Reference data that a seed describes and that events may name, as the events of its history: the rows of the seed from
  their valid_from on, and for a key that only events name, one event without attributes at the first time it is named.

  `stagings` are the relations whose events name the key; `attributes` the columns of the seed; `touched`, when given, is a
  relation with the keys to look for in them.
#}
{% macro named_by_events(seed, natural_key, attributes, stagings, touched='') -%}
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
        {{ as_text('null') }} as {{ attribute }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from (
        {% for staging in stagings -%}
        select
            e.{{ natural_key }},
            min(e.event_time) as event_time
        from {{ staging }} as e
        where e.{{ natural_key }} not in (select known.{{ natural_key }} from {{ seed }} as known)
            {% if touched -%}
            -- Once more without what the seed knows: where that is all that was touched, no event is read.
            and e.{{ natural_key }} in (
                select t.{{ natural_key }}
                from {{ touched }} as t
                where t.{{ natural_key }} not in (select known.{{ natural_key }} from {{ seed }} as known)
            )
            {%- endif %}
        group by e.{{ natural_key }}
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as mention
    group by mention.{{ natural_key }}
)
{%- endmacro %}
