-- A country or category has one row for each moment from which it changes.
select
    country.country as key,
    country.valid_from
from {{ ref('countries') }} as country
group by country.country, country.valid_from
having count(*) > 1
union all
select
    category.category as key,
    category.valid_from
from {{ ref('categories') }} as category
group by category.category, category.valid_from
having count(*) > 1
