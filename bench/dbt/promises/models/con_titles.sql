select book_id, title from {{ ref('con_books') }}
