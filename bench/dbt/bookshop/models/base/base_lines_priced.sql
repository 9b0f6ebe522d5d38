select l.line_id, l.order_id, l.book_id, l.copies, l.copies * b.price as amount
from {{ ref('stg_order_lines') }} as l
join {{ ref('stg_books') }} as b using (book_id)
