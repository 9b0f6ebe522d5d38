{{ config(
    strategy='events',
    unique_key='user_id',
    updated_at='event_time',
    tie_breakers=['source_kind', 'source_name', 'source_partition', 'source_position', 'source_hash', 'event_id'],
    check_cols=['country', 'customer_segment'],
    surrogate_key='customer_sk'
) }}

with
{% if is_incremental() %}
-- All events of the customers that were touched: history is a function of the whole log.
touched as (
    {% call recompute('user_id') %}
    select changed.user_id
    from {{ changed_keys(ref('stg_transactions'), 'user_id') }} as changed
    union
    select changed.user_id
    from {{ changed_keys(ref('rfm_closed_months'), 'user_id') }} as changed
    {% endcall %}
),
{% endif %}

-- What happens to a customer: lines of transactions, and the segment that a month's end gives from the next month on.
happenings as (
    select
        e.user_id,
        e.event_time,
        e.event_date,
        e.event_type,
        e.transaction_id,
        e.total_amount,
        e.event_type = 'purchase' and e.unit_price > 0 as is_describing,
        case when e.event_type = 'purchase' and e.unit_price > 0 then e.country end as country,
        {{ as_text('null') }} as segment,
        {{ coordinate_columns('e') }},
        e.event_id
    from {{ ref('stg_transactions') }} as e
    where e.user_id is not null
        {% if is_incremental() %}
        and e.user_id in (select touched.user_id from touched)
        {% endif %}
    union all
    select
        month.user_id,
        {{ utc_midnight(dateadd('day', 1, 'month.analysis_date')) }} as event_time,
        cast(null as date) as event_date,
        'segment' as event_type,
        {{ as_text('null') }} as transaction_id,
        cast(0 as numeric(18, 2)) as total_amount,
        false as is_describing,
        {{ as_text('null') }} as country,
        month.rfm_segment as segment,
        -- Before all events of the same moment.
        cast(-1 as smallint) as source_kind,
        '' as source_name,
        0 as source_partition,
        cast(0 as bigint) as source_position,
        '' as source_hash,
        '' as event_id
    from {{ ref('rfm_closed_months') }} as month
    where month.analysis_date < (select as_of.as_of_date from {{ ref('as_of') }} as as_of)
        {% if is_incremental() %}
        and month.user_id in (select touched.user_id from touched)
        {% endif %}
),

-- A transaction counts with the first of its purchase lines.
counted as (
    select
        h.*,
        case
            when h.event_type = 'purchase' and row_number() over (
                partition by h.user_id, h.event_type, h.transaction_id order by {{ event_order('h') }}
            ) = 1 then 1
            else 0
        end as new_transactions
    from happenings as h
),

running as (
    select
        c.*,
        -- Each value that is given opens a stretch that the blanks after it belong to.
        count(c.country) over so_far as country_stretch,
        count(c.segment) over so_far as segment_stretch,
        bool_or(c.is_describing) over so_far as is_known,
        cast(sum(c.new_transactions) over so_far as bigint) as total_transactions,
        cast(sum(c.total_amount) over so_far as numeric(18, 2)) as total_spent,
        min(case when c.event_type = 'purchase' then c.event_date end) over so_far as first_transaction_date,
        max(case when c.event_type = 'purchase' then c.event_date end) over so_far as last_transaction_date
    from counted as c
    window so_far as (
        partition by c.user_id
        order by {{ event_order('c') }}
        rows between unbounded preceding and current row
    )
),

carried as (
    select
        r.*,
        max(r.country) over (partition by r.user_id, r.country_stretch) as last_country,
        max(r.segment) over (partition by r.user_id, r.segment_stretch) as last_segment
    from running as r
)

select
    c.user_id,
    c.event_time,
    {{ coordinate_columns('c') }},
    c.event_id,
    c.last_country as country,
    coalesce(c.last_segment, 'New Customer') as customer_segment,
    c.total_transactions,
    c.total_spent,
    cast(c.total_spent / nullif(c.total_transactions, 0) as numeric(18, 2)) as avg_order_value,
    c.first_transaction_date,
    c.last_transaction_date
from carried as c
where c.is_known
