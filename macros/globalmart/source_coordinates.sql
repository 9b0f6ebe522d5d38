{#
  Where a raw event stands, as columns without nulls that sort in the order of precedence:
  files by name and line, then Kafka by partition and offset.
#}
{% macro source_coordinates(alias) -%}
    cast(case when {{ alias }}.file_name is null then 1 else 0 end as smallint) as source_kind,
    coalesce({{ alias }}.file_name, {{ alias }}.topic) collate "C" as source_name,
    coalesce({{ alias }}.partition, 0) as source_partition,
    cast(coalesce({{ alias }}.line, {{ alias }}."offset") as bigint) as source_position,
    coalesce({{ alias }}.file_hash, '') collate "C" as source_hash
{%- endmacro %}

{# The same columns by name, for ordering and comparing. #}
{% macro coordinate_columns(alias) -%}
{{ alias }}.source_kind, {{ alias }}.source_name, {{ alias }}.source_partition, {{ alias }}.source_position, {{ alias }}.source_hash
{%- endmacro %}

{# The order of a key's events: by time, then by coordinates, then by id, so that no two are equal. #}
{% macro event_order(alias) -%}
{{ alias }}.event_time, {{ coordinate_columns(alias) }}, {{ alias }}.event_id
{%- endmacro %}
