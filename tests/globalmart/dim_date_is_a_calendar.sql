-- Every day between the bounds once, with the parts of its date; the fiscal ones counted from the month that opens the year.
select day.date_id
from {{ ref('dim_date') }} as day
-- The one rule about the fiscal year: with none or two of them the number of days below is wrong.
inner join {{ ref('calendar_rules') }} as opening
    on opening.rule = 'fiscal_year_start_month'
left join {{ ref('calendar_rules') }} as weekend
    on weekend.rule = 'weekend_day'
    and weekend.value = day.day_of_week
where day.date_id <> day.year * 10000 + day.month * 100 + day.day_of_month
    or day.date <> cast(concat(day.year, '-', day.month, '-', day.day_of_month) as date)
    or day.quarter <> (day.month + 2 - (day.month + 2) % 3) / 3
    or day.is_weekend <> (weekend.rule is not null)
    or (day.day_of_week = 1) <> (day.day_name = 'Monday')
    or (day.day_of_week = 6) <> (day.day_name = 'Saturday')
    or day.is_month_end <> (extract(day from {{ dateadd('day', 1, 'day.date') }}) = 1)
    or (day.month_name = 'March') <> (day.month = 3)
    or day.fiscal_month <> (day.month + 12 - opening.value) % 12 + 1
    or day.fiscal_quarter <> (day.fiscal_month + 2 - (day.fiscal_month + 2) % 3) / 3
    or day.fiscal_year <> day.year + case when opening.value > 1 and day.month >= opening.value then 1 else 0 end
    -- The 4th of January is in the first ISO week of its year.
    or (day.month = 1 and day.day_of_month = 4 and (day.week <> 1 or day.iso_year <> day.year))
union all
select count(*) as date_id
from {{ ref('dim_date') }} as day
inner join {{ ref('calendar_rules') }} as opening
    on opening.rule = 'fiscal_year_start_month'
having count(*) <> {{ days_between("cast('" ~ var('dim_date_from') ~ "' as date)", "cast('" ~ var('dim_date_to') ~ "' as date)") }} + 1
