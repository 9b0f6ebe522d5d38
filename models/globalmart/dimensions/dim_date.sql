{{ config(
    materialized='table',
    indexes=[{'columns': ['date_id'], 'unique': true}, {'columns': ['date'], 'unique': true}]
) }}

with fiscal as (
    select max(rules.value) as opening_month
    from {{ ref('calendar_rules') }} as rules
    where rules.rule = 'fiscal_year_start_month'
),

weekend as (
    select rules.value as day_of_week
    from {{ ref('calendar_rules') }} as rules
    where rules.rule = 'weekend_day'
),

days as (
    select
        spine.day,
        -- The same day in a year that opens in January: its parts are the fiscal ones.
        {{ dateadd('month', '(13 - fiscal.opening_month) % 12', first_day('month', 'spine.day')) }} as fiscal_day
    from {{ date_spine("'" ~ var('dim_date_from') ~ "'", "'" ~ var('dim_date_to') ~ "'") }} as spine
    cross join fiscal
)

select
    {{ date_key('days.day') }} as date_id,
    days.day as date,
    cast(extract(year from days.day) as integer) as year,
    cast(extract(quarter from days.day) as integer) as quarter,
    cast(extract(month from days.day) as integer) as month,
    {{ month_name('days.day') }} as month_name,
    {{ isoyear('days.day') }} as iso_year,
    cast(extract(week from days.day) as integer) as week,
    cast(extract(day from days.day) as integer) as day_of_month,
    {{ isodow('days.day') }} as day_of_week,
    {{ day_name('days.day') }} as day_name,
    {{ isodow('days.day') }} in (select weekend.day_of_week from weekend) as is_weekend,
    {{ month_end('days.day') }} = days.day as is_month_end,
    cast(extract(year from days.fiscal_day) as integer) as fiscal_year,
    cast(extract(quarter from days.fiscal_day) as integer) as fiscal_quarter,
    cast(extract(month from days.fiscal_day) as integer) as fiscal_month
from days
