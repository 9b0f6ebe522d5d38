-- The quintiles of a day differ by at most one customer, and no customer of a higher one is worse.
{% set scores = [
    ['r_score', '-scores.recency_days'],
    ['f_score', 'scores.frequency_count'],
    ['m_score', 'scores.monetary_value']
] %}
{% for score, measure in scores %}
select
    day.analysis_date,
    '{{ score }}' as score
from (
    select
        quintile.analysis_date,
        quintile.customers,
        quintile.worst,
        lag(quintile.best) over (partition by quintile.analysis_date order by quintile.score nulls last) as best_below
    from (
        select
            scores.analysis_date,
            scores.{{ score }} as score,
            count(*) as customers,
            min({{ measure }}) as worst,
            max({{ measure }}) as best
        from {{ ref('rfm_analysis') }} as scores
        group by scores.analysis_date, scores.{{ score }}
    ) as quintile
) as day
group by day.analysis_date
having max(day.customers) - min(day.customers) > 1
    or bool_or(day.worst < day.best_below)
{% if not loop.last %}union all{% endif %}
{% endfor %}
