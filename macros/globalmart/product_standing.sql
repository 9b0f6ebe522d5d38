{#
  What each product has sold and how often it was viewed by the end of each of several days, with its rank. `dates` is a relation with
  analysis_date. Gives one row per analysis_date and product that was sold, returned or viewed by then.

  Each fact is read once, however many dates there are: it belongs to the first date that counts it, and the dates after it
  add up what came before. A transaction counts on the day of its first purchase line of the product.
#}
{% macro product_standing(dates) -%}
(
    with periods as (
        select
            d.analysis_date,
            lag(d.analysis_date) over (order by d.analysis_date nulls last) as previous_date
        from {{ dates }} as d
    ),

    sale_days as (
        select
            sale.product_id,
            {{ utc_date('sale.transaction_timestamp') }} as event_date,
            sum(sale.total_amount) as revenue,
            sum(sale.quantity) as units
        from {{ ref('fact_sales') }} as sale
        where sale.product_id is not null
        group by sale.product_id, {{ utc_date('sale.transaction_timestamp') }}
    ),

    first_days as (
        select
            sale.product_id,
            min({{ utc_date('sale.transaction_timestamp') }}) as event_date
        from {{ ref('fact_sales') }} as sale
        where sale.product_id is not null
            and sale.event_type = 'purchase'
        group by sale.product_id, sale.transaction_id
    ),

    product_days as (
        select
            s.product_id,
            s.event_date,
            s.revenue,
            s.units,
            cast(0 as bigint) as sales,
            cast(0 as bigint) as views
        from sale_days as s
        union all
        select
            f.product_id,
            f.event_date,
            0 as revenue,
            0 as units,
            count(*) as sales,
            0 as views
        from first_days as f
        group by f.product_id, f.event_date
        union all
        select
            viewed.product_id,
            {{ utc_date('viewed.view_timestamp') }} as event_date,
            0 as revenue,
            0 as units,
            0 as sales,
            count(*) as views
        from {{ ref('fact_product_views') }} as viewed
        where viewed.product_id is not null
        group by viewed.product_id, {{ utc_date('viewed.view_timestamp') }}
    ),

    product_periods as (
        select
            p.analysis_date,
            d.product_id,
            sum(d.revenue) as revenue,
            sum(d.units) as units,
            sum(d.sales) as sales,
            sum(d.views) as views
        from product_days as d
        inner join periods as p
            on d.event_date <= p.analysis_date
            and (p.previous_date is null or d.event_date > p.previous_date)
        group by p.analysis_date, d.product_id
    ),

    first_dates as (
        select
            p.product_id,
            min(p.analysis_date) as analysis_date
        from product_periods as p
        group by p.product_id
    ),

    standings as (
        select
            p.analysis_date,
            f.product_id,
            cast(sum(c.sales) over so_far as bigint) as total_sales,
            cast(sum(c.revenue) over so_far as numeric(18, 2)) as total_revenue,
            cast(sum(c.units) over so_far as bigint) as total_units,
            cast(sum(c.views) over so_far as bigint) as total_views
        from first_dates as f
        inner join periods as p
            on p.analysis_date >= f.analysis_date
        left join product_periods as c
            on c.product_id = f.product_id
            and c.analysis_date = p.analysis_date
        window so_far as (
            partition by f.product_id
            order by p.analysis_date nulls last
            rows between unbounded preceding and current row
        )
    )

    select
        s.analysis_date,
        s.product_id,
        product.category,
        s.total_sales,
        s.total_revenue,
        s.total_units,
        s.total_views,
        {{ percent('s.total_sales', 's.total_views') }} as conversion_rate,
        row_number() over (
            partition by s.analysis_date
            order by s.total_revenue desc nulls last, {{ in_byte_order('s.product_id') }} nulls last
        ) as rank
    from standings as s
    left join {{ ref('dim_products') }} as product
        on product.product_id = s.product_id
        and product.effective_from < {{ utc_midnight(dateadd('day', 1, 's.analysis_date')) }}
        and product.effective_to >= {{ utc_midnight(dateadd('day', 1, 's.analysis_date')) }}
)
{%- endmacro %}
