{#
  Where a raw event stands, as columns without nulls that sort in the order of precedence:
  files by name and line, then Kafka by partition and offset.
#}
{% macro source_coordinates(alias) -%}
cast(case when {{ alias }}.file_name is null then 1 else 0 end as smallint) as source_kind,
        {{ in_byte_order('coalesce(' ~ alias ~ '.file_name, ' ~ alias ~ '.topic)') }} as source_name,
        coalesce({{ alias }}.partition, 0) as source_partition,
        cast(coalesce({{ alias }}.line, {{ alias }}."offset") as bigint) as source_position,
        {{ in_byte_order("coalesce(" ~ alias ~ ".file_hash, '')") }} as source_hash
{%- endmacro %}

{# The same columns by name, for selecting and comparing. #}
{% macro coordinate_columns(alias) -%}
{{ alias }}.source_kind, {{ alias }}.source_name, {{ alias }}.source_partition, {{ alias }}.source_position, {{ alias }}.source_hash
{%- endmacro %}

{# The order of precedence. #}
{% macro coordinate_order(alias) -%}
{{ alias }}.source_kind nulls last, {{ alias }}.source_name nulls last, {{ alias }}.source_partition nulls last, {{ alias }}.source_position nulls last, {{ alias }}.source_hash nulls last
{%- endmacro %}

{# The order of a key's events: by time, then by coordinates, then by id, so that no two are equal. #}
{% macro event_order(alias) -%}
{{ alias }}.event_time nulls last, {{ coordinate_order(alias) }}, {{ alias }}.event_id nulls last
{%- endmacro %}

{#
  The new rows of a raw table, each event once: of those that share an event_id the first by coordinates, whichever
  landed first. Gives event_id, event_type, event_time, landed_at, payload and the coordinates.
#}
{% macro first_landings(landed) -%}
(
    select
        ranked.event_id,
        ranked.event_type,
        ranked.event_time,
        ranked.landed_at,
        ranked.payload,
        {{ coordinate_columns('ranked') }}
    from (
        select
            placed.*,
            row_number() over (
                partition by placed.event_id
                order by {{ coordinate_order('placed') }}
            ) as nth
        from (
            select
                raw.event_id,
                raw.event_type,
                raw.event_time,
                raw.landed_at,
                raw.payload,
                {{ source_coordinates('raw') }}
            from {{ landed }} as raw
        ) as placed
    ) as ranked
    where ranked.nth = 1
)
{%- endmacro %}

{#
  Whether an event is staged already from coordinates that come first. A later landing replaces what is staged only when
  it is not, so that every order of landing ends in the same table.
#}
{% macro is_staged_from_before(staging, event) -%}
exists (
    select 1
    from {{ staging }} as staged
    where staged.event_id = {{ event }}.event_id
        and ({{ coordinate_columns('staged') }}) <= ({{ coordinate_columns(event) }})
)
{%- endmacro %}
