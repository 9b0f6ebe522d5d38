-- Every landed event is staged, as the first of its landings by coordinates.
with first_landings as (
    select
        landed.event_id,
        {{ coordinate_columns('landed') }},
        row_number() over (
            partition by landed.event_id
            order by {{ coordinate_order('landed') }}
        ) as nth
    from (
        select
            raw.event_id,
            {{ source_coordinates('raw') }}
        from {{ source('raw', 'product_views') }} as raw
    ) as landed
)

select
    coalesce(landed.event_id, staged.event_id) as event_id,
    landed.source_name as landed_from,
    staged.source_name as staged_from
from (select * from first_landings where first_landings.nth = 1) as landed
full join {{ ref('stg_product_views') }} as staged
    on staged.event_id = landed.event_id
where landed.event_id is null
    or staged.event_id is null
    or ({{ coordinate_columns('landed') }}) <> ({{ coordinate_columns('staged') }})
