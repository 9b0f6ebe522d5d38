select * from {{ ref('int_book_sales') }} order by copies desc limit {{ var('best', 5) }}
