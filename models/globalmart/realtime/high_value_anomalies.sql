{{ config(
    materialized='incremental',
    unique_key=['subject', 'subject_id', 'hour'],
    indexes=[{'columns': ['hour']}]
) }}

-- Lines and transactions far beyond what is usual: for a line in its category, for a transaction in its country, and in the whole
-- shop where those sold too little the day before.
{% set hours %}
select {{ hour_of('moved.event_time') }} as hour
        from {{ changed_keys(ref('stg_transactions'), 'event_time') }} as moved
        union
        select learnt.hour from {{ changed_keys(ref('sales_baselines'), 'hour') }} as learnt
{% endset %}

with sold as (
    select {{ hour_of('sale.event_time') }} as hour, sale.*
    from {{ ref('stg_transactions') }} as sale
    {% if is_incremental() %}
    inner join (
        {% call recompute('hour') %}
        {{ hours }}
        {% endcall %}
    ) as watched
        on sale.event_time >= watched.hour
        and sale.event_time < {{ add_seconds('watched.hour', 3600) }}
    {% endif %}
    where sale.event_type = 'purchase' and sale.total_amount > 0
),

subjects as (
    select
        'line' as subject,
        sold.event_id as subject_id,
        sold.hour,
        sold.event_time,
        sold.transaction_id,
        sold.user_id,
        coalesce(sold.category, 'unknown') as subject_key,
        sold.total_amount as amount
    from sold
    union all
    select
        'transaction' as subject,
        sold.transaction_id as subject_id,
        sold.hour,
        max(sold.event_time) as event_time,
        sold.transaction_id,
        max(sold.user_id) as user_id,
        coalesce(max(sold.country), 'unknown') as subject_key,
        sum(sold.total_amount) as amount
    from sold
    group by sold.transaction_id, sold.hour
),

scored as (
    select
        subjects.*,
        case when own.hour is null then '*' else subjects.subject_key end as compared_with,
        {{ as_float('coalesce(own.median, whole.median)') }} as median,
        -- Where nearly all amounts are alike, a tenth more counts as one usual distance.
        {{ as_float('greatest(1.4826 * coalesce(own.median_distance, whole.median_distance), 0.1)') }} as spread
    from subjects
    inner join {{ ref('sales_baselines') }} as whole
        on whole.subject = subjects.subject and whole.subject_key = '*' and whole.hour = subjects.hour
    left join {{ ref('sales_baselines') }} as own
        on own.subject = subjects.subject and own.subject_key = subjects.subject_key and own.hour = subjects.hour
    where own.hour is not null
        or whole.sample_size >= {{ var('baseline_sample') }}
)

select
    scored.subject,
    scored.subject_id,
    scored.hour,
    scored.event_time,
    scored.transaction_id,
    scored.user_id,
    cast(scored.amount as numeric(18, 2)) as amount,
    scored.compared_with,
    cast(exp(scored.median) as numeric(18, 2)) as usual_amount,
    cast(({{ natural_log('scored.amount') }} - scored.median) / scored.spread as numeric(18, 2)) as score,
    case
        when scored.compared_with = '*' then 'far above the shop''s ' || scored.subject || 's of the day before'
        else 'far above the ' || scored.subject || 's of ' || scored.compared_with || ' of the day before'
    end as reason
from scored
where ({{ natural_log('scored.amount') }} - scored.median) / scored.spread >= {{ var('anomaly_score') }}
