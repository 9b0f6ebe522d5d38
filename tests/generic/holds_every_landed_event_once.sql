{#
  Every event of `landed`, a table of raw, is staged once, as the first of its landings: files by name and line, then Kafka by partition
  and offset. Written from that rule and not from the macros that the staging models share.
#}
{% test holds_every_landed_event_once(model, landed) %}
with first_landings as (
    select landing.*
    from (
        select
            raw.event_id,
            raw.file_name,
            raw.file_hash,
            raw.line,
            raw.topic,
            raw.partition,
            raw."offset",
            row_number() over (
                partition by raw.event_id
                order by
                    case when raw.file_name is not null then 1 else 2 end nulls last,
                    {{ in_byte_order('raw.file_name') }} nulls last,
                    raw.line nulls last,
                    {{ in_byte_order('raw.file_hash') }} nulls last,
                    raw.partition nulls last,
                    raw."offset" nulls last
            ) as nth
        from {{ landed }} as raw
    ) as landing
    where landing.nth = 1
)

select
    coalesce(first_landings.event_id, staged.event_id) as event_id,
    coalesce(first_landings.file_name, first_landings.topic) as landed_from,
    staged.source_name as staged_from
from first_landings
full join {{ model }} as staged
    on staged.event_id = first_landings.event_id
where first_landings.event_id is null
    or staged.event_id is null
    or (first_landings.file_name is null and (
        staged.source_kind <> 1
        or staged.source_name <> first_landings.topic
        or staged.source_partition <> first_landings.partition
        or staged.source_position <> first_landings."offset"
    ))
    or (first_landings.file_name is not null and (
        staged.source_kind <> 0
        or staged.source_name <> first_landings.file_name
        or staged.source_position <> first_landings.line
        or staged.source_hash <> first_landings.file_hash
    ))
{% endtest %}
