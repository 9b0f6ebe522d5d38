-- Every country of the seed from its first row on, and every other country that events name from the first time they do.
with mentions as (
    select e.country, e.event_time from {{ ref('stg_transactions') }} as e
    union all
    select e.country, e.event_time from {{ ref('stg_product_views') }} as e
    union all
    select e.country, e.event_time from {{ ref('stg_cart_events') }} as e
),

described as (
    select
        seed.country,
        min(seed.valid_from) as first_from
    from {{ ref('countries') }} as seed
    group by seed.country
),

wanted as (
    select
        coalesce(described.country, mentions.country) as country,
        coalesce(min(described.first_from), min(mentions.event_time)) as first_from
    from mentions
    full join described
        on described.country = mentions.country
    where coalesce(described.country, mentions.country) is not null
    group by coalesce(described.country, mentions.country)
),

found as (
    select
        version.country,
        min(version.effective_from) as first_from
    from {{ ref('dim_geography') }} as version
    group by version.country
)

select coalesce(wanted.country, found.country) as country
from wanted
full join found
    on found.country = wanted.country
where wanted.first_from is distinct from found.first_from
union all
-- A row of the seed is in force at its valid_from.
select seed.country
from {{ ref('countries') }} as seed
left join {{ ref('dim_geography') }} as version
    on version.country = seed.country
    and version.effective_from <= seed.valid_from
    and seed.valid_from < version.effective_to
where version.country is null
    or version.region is distinct from seed.region
    or version.currency is distinct from seed.currency
