select line_id, order_id, book_id, copies from {{ source('feed', 'order_lines') }}
