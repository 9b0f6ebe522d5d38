select book_id, price_cents from {{ ref('books_kept') }} where dbt_valid_to is null
