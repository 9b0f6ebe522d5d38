{#
  RFM scores at the end of each of several days. Both arguments are names of relations:
  `events` with user_id, transaction_id, event_type, total_amount and event_date; `dates` with analysis_date.
  Gives a relation with one row per analysis_date and user with at least one purchase by then.

  Each event is read once, however many dates there are: it belongs to the first date that counts it, and the dates after it
  add up what came before. A transaction counts on the day of its first purchase line.
#}
{% macro rfm(events, dates) -%}
(
    with periods as (
        select
            d.analysis_date,
            lag(d.analysis_date) over (order by d.analysis_date nulls last) as previous_date
        from {{ dates }} as d
    ),

    customer_days as (
        select
            e.user_id,
            e.event_date,
            sum(e.total_amount) as amount,
            max(case when e.event_type = 'purchase' then e.event_date end) as purchase_date
        from {{ events }} as e
        where e.user_id is not null
            and e.event_date <= (select max(d.analysis_date) from {{ dates }} as d)
        group by e.user_id, e.event_date
    ),

    first_days as (
        select
            e.user_id,
            min(e.event_date) as event_date
        from {{ events }} as e
        where e.user_id is not null
            and e.event_type = 'purchase'
            and e.event_date <= (select max(d.analysis_date) from {{ dates }} as d)
        group by e.user_id, e.transaction_id
    ),

    transaction_days as (
        select
            first_days.user_id,
            first_days.event_date,
            count(*) as transactions
        from first_days
        group by first_days.user_id, first_days.event_date
    ),

    customer_periods as (
        select
            c.user_id,
            p.analysis_date,
            sum(c.amount) as amount,
            max(c.purchase_date) as purchase_date,
            coalesce(sum(t.transactions), 0) as transactions
        from customer_days as c
        inner join periods as p
            on c.event_date <= p.analysis_date
            and (p.previous_date is null or c.event_date > p.previous_date)
        left join transaction_days as t
            on t.user_id = c.user_id
            and t.event_date = c.event_date
        group by c.user_id, p.analysis_date
    ),

    first_purchases as (
        select
            c.user_id,
            min(c.purchase_date) as first_purchase
        from customer_days as c
        group by c.user_id
    ),

    standings as (
        select
            p.analysis_date,
            f.user_id,
            max(c.purchase_date) over so_far as purchase_date,
            cast(sum(c.transactions) over so_far as bigint) as frequency_count,
            cast(sum(c.amount) over so_far as numeric(18, 2)) as monetary_value,
            f.first_purchase
        from first_purchases as f
        cross join periods as p
        left join customer_periods as c
            on c.user_id = f.user_id
            and c.analysis_date = p.analysis_date
        where f.first_purchase is not null
        window so_far as (
            partition by f.user_id
            order by p.analysis_date nulls last
            rows between unbounded preceding and current row
        )
    ),

    measured as (
        select
            s.analysis_date,
            s.user_id,
            {{ days_between('s.purchase_date', 's.analysis_date') }} as recency_days,
            s.frequency_count,
            s.monetary_value
        from standings as s
        where s.first_purchase <= s.analysis_date
    ),

    -- Worst first, so that 5 is best; equals are told apart by user_id.
    scored as (
        select
            m.*,
            ntile(5) over (
                partition by m.analysis_date
                order by m.recency_days desc nulls last, {{ in_byte_order('m.user_id') }} nulls last
            ) as r_score,
            ntile(5) over (
                partition by m.analysis_date
                order by m.frequency_count nulls last, {{ in_byte_order('m.user_id') }} nulls last
            ) as f_score,
            ntile(5) over (
                partition by m.analysis_date
                order by m.monetary_value nulls last, {{ in_byte_order('m.user_id') }} nulls last
            ) as m_score
        from measured as m
    )

    select
        s.analysis_date,
        s.user_id,
        s.recency_days,
        s.frequency_count,
        s.monetary_value,
        s.r_score,
        s.f_score,
        s.m_score,
        {{ as_text('100 * s.r_score + 10 * s.f_score + s.m_score') }} as rfm_score,
        {{ rfm_segment('100 * s.r_score + 10 * s.f_score + s.m_score') }} as rfm_segment
    from scored as s
)
{%- endmacro %}

{# The segment of a score of three digits, as a number. #}
{% macro rfm_segment(score) -%}
case
    when {{ score }} >= 544 then 'Champions'
    when {{ score }} >= 434 then 'Loyal Customers'
    when {{ score }} >= 334 then 'Potential Loyalists'
    when {{ score }} >= 244 then 'At Risk'
    when {{ score }} >= 144 then 'Need Attention'
    else 'Lost Customers'
end
{%- endmacro %}
