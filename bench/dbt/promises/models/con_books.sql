select title, price, book_id from {{ ref('prices') }}
