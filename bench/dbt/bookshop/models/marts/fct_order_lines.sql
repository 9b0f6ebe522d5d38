{{ config(indexes=[{'columns': ['line_id'], 'unique': True}, {'columns': ['order_id', 'book_id']}, {'columns': ['title'], 'type': 'hash'}]) }}
select l.line_id, l.order_id, l.book_id, b.title, l.copies, l.amount, o.ordered_at
from {{ ref('base_lines_priced') }} as l
join {{ ref('stg_orders') }} as o using (order_id)
join {{ ref('dim_books') }} as b using (book_id)
