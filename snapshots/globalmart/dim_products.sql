{{ config(
    strategy='events',
    unique_key='product_id',
    updated_at='event_time',
    tie_breakers=['source_kind', 'source_name', 'source_partition', 'source_position', 'source_hash', 'event_id'],
    check_cols=['product_name', 'category', 'brand'],
    surrogate_key='product_id_pk'
) }}

-- Purchases at a positive price are what a product is known from: returns and free lines say nothing sure about it.
with sold as (
    select
        e.product_id,
        e.event_time,
        e.product_name,
        e.category,
        e.brand,
        e.unit_price,
        {{ coordinate_columns('e') }},
        e.event_id
    from {{ ref('stg_transactions') }} as e
    where e.event_type = 'purchase'
        and e.unit_price > 0
        and e.product_id is not null
        {% if is_incremental() %}
        -- All events of the products that were touched: history is a function of the whole log.
        and e.product_id in (
            {% call recompute('product_id') %}
            select touched.product_id from {{ changed_keys(ref('stg_transactions'), 'product_id') }} as touched
            {% endcall %}
        )
        {% endif %}
),

-- A blank attribute carries the previous value on: each filled one opens a stretch that the blanks after it belong to.
stretched as (
    select
        sold.*,
        count(sold.product_name) over so_far as name_stretch,
        count(sold.category) over so_far as category_stretch,
        count(sold.brand) over so_far as brand_stretch
    from sold
    window so_far as (
        partition by sold.product_id
        order by {{ event_order('sold') }}
        rows between unbounded preceding and current row
    )
)

select
    s.product_id,
    s.event_time,
    {{ coordinate_columns('s') }},
    s.event_id,
    max(s.product_name) over (partition by s.product_id, s.name_stretch) as product_name,
    max(s.category) over (partition by s.product_id, s.category_stretch) as category,
    max(s.brand) over (partition by s.product_id, s.brand_stretch) as brand,
    s.unit_price
from stretched as s
