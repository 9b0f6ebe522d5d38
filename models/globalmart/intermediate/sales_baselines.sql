{{ config(materialized='incremental', unique_key=['subject', 'subject_key', 'hour']) }}

-- What was usual in the 24 hours before an hour: the median and the median distance from it, which a few huge sales do not move. Of
-- logarithms, because amounts differ by factors: twice the usual is as far away as half of it.
-- An hour has a baseline when something is sold in it. A late sale changes the baselines of the 24 hours after its own.
{% set hours_touched %}
select {{ hour_of('moved.event_time') }} as hour
        from {{ changed_keys(ref('stg_transactions'), 'event_time') }} as moved
{% endset %}

with hours as (
    {% if is_incremental() %}
    {% call recompute('hour') %}
    select changed.hour
    from (
        {{ hours_touched }}
    ) as changed
    -- Its own sales do not change an hour's baseline, only that it has one: in the hour that runs, nothing is computed twice.
    where not exists (select 1 from {{ this }} as known where known.hour = changed.hour)
        or not exists (
            select 1
            from {{ ref('stg_transactions') }} as sale
            where sale.event_time >= changed.hour and sale.event_time < {{ add_seconds('changed.hour', 3600) }}
        )
    union
    select known.hour
    from {{ this }} as known
    inner join (
        {{ hours_touched }}
    ) as changed
        on known.hour > changed.hour
        and known.hour <= {{ add_seconds('changed.hour', 86400) }}
    {% endcall %}
    {% else %}
    select distinct touched.hour
    from (
        {{ hours_touched }}
    ) as touched
    {% endif %}
),

amounts as (
    select hours.hour, 'line' as subject, coalesce(sale.category, 'unknown') as subject_key, {{ natural_log('sale.total_amount') }} as amount
    from hours
    inner join {{ ref('stg_transactions') }} as sale
        on sale.event_time >= {{ add_seconds('hours.hour', -86400) }} and sale.event_time < hours.hour
    where sale.event_type = 'purchase' and sale.total_amount > 0
    union all
    select
        hours.hour,
        'transaction' as subject,
        coalesce(max(sale.country), 'unknown') as subject_key,
        {{ natural_log('sum(sale.total_amount)') }} as amount
    from hours
    inner join {{ ref('stg_transactions') }} as sale
        on sale.event_time >= {{ add_seconds('hours.hour', -86400) }} and sale.event_time < hours.hour
    where sale.event_type = 'purchase' and sale.total_amount > 0
    group by hours.hour, sale.transaction_id
),

-- Beside each category and country the whole shop ('*'), for those that sell too little to have a distribution.
placed as (
    select a.hour, a.subject, a.subject_key, a.amount from amounts as a
    union all
    select a.hour, a.subject, '*' as subject_key, a.amount from amounts as a
    union all
    -- So that an hour after a day without sales is known as well.
    select h.hour, s.subject, '*' as subject_key, {{ as_float('null') }} as amount
    from hours as h
    cross join (select 'line' as subject union all select 'transaction' as subject) as s
    where exists (
        select 1
        from {{ ref('stg_transactions') }} as sale
        where sale.event_time >= h.hour and sale.event_time < {{ add_seconds('h.hour', 3600) }}
    )
),

medians as (
    select
        placed.hour,
        placed.subject,
        placed.subject_key,
        count(placed.amount) as sample_size,
        {{ percentile('placed.amount', 0.5) }} as median
    from placed
    group by placed.hour, placed.subject, placed.subject_key
)

select
    m.subject,
    m.subject_key,
    m.hour,
    m.sample_size,
    cast(m.median as numeric(18, 6)) as median,
    cast({{ percentile('abs(placed.amount - m.median)', 0.5) }} as numeric(18, 6)) as median_distance
from medians as m
inner join placed
    on placed.hour = m.hour and placed.subject = m.subject and placed.subject_key = m.subject_key
where m.sample_size >= {{ var('baseline_sample') }}
    or m.subject_key = '*'
group by m.subject, m.subject_key, m.hour, m.sample_size, m.median
