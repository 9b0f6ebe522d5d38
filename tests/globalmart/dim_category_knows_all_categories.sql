-- Every category of the seed from its first row on, and every other category that events name from the first time they do.
with mentions as (
    select e.category, e.event_time from {{ ref('stg_transactions') }} as e
    union all
    select e.category, e.event_time from {{ ref('stg_product_views') }} as e
),

described as (
    select
        seed.category,
        min(seed.valid_from) as first_from
    from {{ ref('categories') }} as seed
    group by seed.category
),

wanted as (
    select
        coalesce(described.category, mentions.category) as category,
        coalesce(min(described.first_from), min(mentions.event_time)) as first_from
    from mentions
    full join described
        on described.category = mentions.category
    where coalesce(described.category, mentions.category) is not null
    group by coalesce(described.category, mentions.category)
),

found as (
    select
        version.category,
        min(version.effective_from) as first_from
    from {{ ref('dim_category') }} as version
    group by version.category
)

select coalesce(wanted.category, found.category) as category
from wanted
full join found
    on found.category = wanted.category
where wanted.first_from is distinct from found.first_from
union all
-- A row of the seed is in force at its valid_from.
select seed.category
from {{ ref('categories') }} as seed
left join {{ ref('dim_category') }} as version
    on version.category = seed.category
    and version.effective_from <= seed.valid_from
    and seed.valid_from < version.effective_to
where version.category is null
    or version.parent_category is distinct from seed.parent_category
